const lineEnd = Buffer.from("\r\n");
const headEnd = Buffer.from("\r\n\r\n");
const maxParts = 100;
const maxValueBytes = 1_024;

/** The boundary of a multipart form that really is one; undefined for a body that only says so. */
export function boundaryOf(contentType: string, body: Buffer): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const found = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (!boundary || !body.subarray(0, boundary.length + 2).equals(Buffer.from(`--${boundary}`))) return undefined;
  return boundary;
}

/**
 * The value of a form's field, read from its bytes. Only plain forms are read: what a vendor might take apart differently is not.
 * @returns undefined when the form is unusual or names the field twice; "" when it does not name it.
 */
export function fieldOf(body: Buffer, boundary: string, field: string): string | undefined {
  const open = Buffer.from(`--${boundary}\r\n`);
  const close = Buffer.from(`--${boundary}--`);
  const divider = Buffer.from(`\r\n--${boundary}`);
  let found: string | undefined;
  let at = 0;
  for (let part = 0; part < maxParts; part++) {
    if (isAt(body, at, close)) return countOf(body, boundary) === part + 1 ? (found ?? "") : undefined;
    if (!isAt(body, at, open)) return undefined;
    const headFrom = at + open.length;
    const headTo = body.indexOf(headEnd, headFrom);
    const end = headTo < 0 ? -1 : body.indexOf(divider, headTo + lineEnd.length);
    if (end < 0) return undefined;
    const name = nameOf(body.toString("latin1", headFrom, headTo));
    if (name === undefined) return undefined;
    if (name.toLowerCase() === field) {
      const value = body.subarray(headTo + headEnd.length, end);
      if (found !== undefined || name !== field || value.length > maxValueBytes) return undefined;
      found = value.toString("utf8").trim();
    }
    at = end + lineEnd.length;
  }
  return undefined;
}

/** A boundary anywhere else is one to a parser that takes other line ends. */
function countOf(body: Buffer, boundary: string): number {
  const mark = Buffer.from(`--${boundary}`);
  let count = 0;
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) count++;
  return count;
}

const isAt = (body: Buffer, at: number, bytes: Buffer): boolean => body.subarray(at, at + bytes.length).equals(bytes);

/** One Content-Disposition header, on one line, with a plain name. */
function nameOf(head: string): string | undefined {
  const lines = head.split("\r\n");
  if (lines.some((line) => !/^[A-Za-z0-9-]+:/.test(line) || /[\r\n]/.test(line))) return undefined;
  const dispositions = lines.filter((line) => /^content-disposition:/i.test(line));
  if (dispositions.length !== 1) return undefined;
  const names = [...(dispositions[0] as string).matchAll(/;\s*name=(?:"([^"\\%]*)"|([^\s;"]+))/gi)];
  if (names.length !== 1 || /;\s*name\*/i.test(dispositions[0] as string)) return undefined;
  return names[0]?.[1] ?? names[0]?.[2];
}
