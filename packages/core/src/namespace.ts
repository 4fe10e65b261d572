/** How the global namespace, "", is written where a name must stand. */
const globalName = "default";
export const namespaceName = (namespace: string): string => namespace || globalName;
/**
 * The namespace that is meant by a name. "default" is the global one wherever a namespace is read, as it is wherever one is shown: a
 * second namespace of that name would be told apart from it by nobody, and reach no edge.
 */
export const namespaceOf = (name: string): string => (name === globalName ? "" : name);
