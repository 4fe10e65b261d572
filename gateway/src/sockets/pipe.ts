import type { RawData, WebSocket } from "ws";

/** What may wait to be sent, before what comes from the other side waits too. */
const highBytes = 1024 * 1024;
const lowBytes = highBytes / 4;

/** Sends on what comes from one side to the other, at the other's pace. @param onMessage sees each message, and says whether it is sent on. */
export function pipe(from: WebSocket, to: WebSocket, onMessage: (message: Buffer, isBinary: boolean) => boolean): void {
  from.on("message", (data: RawData, isBinary: boolean) => {
    const message = data as Buffer;
    if (!onMessage(message, isBinary) || to.readyState !== to.OPEN) return;
    to.send(message, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount < lowBytes) from.resume();
    });
    if (to.bufferedAmount > highBytes) from.pause();
  });
}

/** Closes with a code that may be sent: those in between only say that nothing was. */
export function closeWith(socket: WebSocket, code: number, reason: string | Buffer): void {
  // A paused side would not see the answer to its close.
  socket.resume();
  if (code === 1005) socket.close();
  else socket.close(isSendable(code) ? code : 1011, shortened(reason));
}
const maxReasonBytes = 120;

/** A frame that closes has room for 123 bytes, and none for half a character. */
function shortened(reason: string | Buffer): string {
  const bytes = Buffer.from(reason);
  const text = bytes.toString("utf8", 0, maxReasonBytes);
  return bytes.length > maxReasonBytes ? text.replace(/\uFFFD+$/, "") : text;
}

const isSendable = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999);
