// Studio's own role: owner of its database and nothing else. A statement that should never have been sent then reaches no other
// database, no file and no setting of the server.
import { Stop } from "./stop.mjs";

export const studioRole = "portico_studio";

/** What of a database can have an owner, its own schemas only; what belongs to an extension, or to a table as its own sequence does, follows that. */
const objects = `
  SELECT format('ALTER SCHEMA %I OWNER TO ${studioRole}', nspname) AS statement
    FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND nspowner <> $1
  UNION ALL
  SELECT format('ALTER %s %s OWNER TO ${studioRole}',
           CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND relowner <> $1
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype IN ('e', 'a', 'i') AND refclassid IN ('pg_class'::regclass, 'pg_extension'::regclass))
  UNION ALL
  SELECT format('ALTER ROUTINE %s OWNER TO ${studioRole}', p.oid::regprocedure)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND proowner <> $1
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
  UNION ALL
  SELECT format('ALTER TYPE %s OWNER TO ${studioRole}', t.oid::regtype)
    FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
    WHERE typtype IN ('e', 'd') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND typowner <> $1
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')`;

/**
 * Makes studio's role the owner of the database and of what an earlier version made in it. All or nothing.
 * @param {import("pg").Client} admin connected to the database as the cluster's superuser
 */
export async function ensureStudioOwns(admin, database, password) {
  const literal = admin.escapeLiteral(password);
  await admin.query("BEGIN");
  try {
    const { rowCount } = await admin.query("SELECT FROM pg_roles WHERE rolname = $1", [studioRole]);
    await admin.query(
      `${rowCount ? "ALTER" : "CREATE"} ROLE ${studioRole} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD ${literal}`,
    );
    await admin.query(`ALTER DATABASE ${admin.escapeIdentifier(database)} OWNER TO ${studioRole}`);
    const { rows: roles } = await admin.query("SELECT oid FROM pg_roles WHERE rolname = $1", [studioRole]);
    const { rows } = await admin.query(objects, [roles[0].oid]);
    for (const { statement } of rows) await admin.query(statement);
    await admin.query("COMMIT");
  } catch (cause) {
    await admin.query("ROLLBACK").catch(() => {});
    throw new Stop(`The database could not be handed to studio's own role: ${cause.message}. Nothing was changed.`, { cause });
  }
}
