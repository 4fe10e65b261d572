export type PostgresPlace = {
  clusterDir: string;
  native: string;
  account: { uid: number; gid: number } | undefined;
  moved: boolean;
};

export function postgresPlace(dataDir: string): PostgresPlace;
export function postgresPackage(): { dir: string; version: string };
export function privateFolder(dir: string, account: PostgresPlace["account"]): void;
