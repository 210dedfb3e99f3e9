/** `/logs`: what lies in /var/log, as Go's file server shows it (`--enable-logs-handler`, deprecated upstream). */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { pageNotFound } from "../discovery/endpoints.ts";
import type { ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";

const root = "/var/log";

export function addLogs(server: Pick<ApiServer, "addRoute">): void {
  server.addRoute({ path: "/logs", handle: () => ({ status: 301, headers: { location: "/logs/" } }) });
  server.addRoute({ path: "/logs/", handle: (request) => serve(decodeURIComponent(request.path.slice("/logs/".length))) });
}

async function serve(name: string): Promise<ApiResponse> {
  try {
    const file = await realpath(join(root, name));
    // What a link leads to outside is none of ours.
    if (file !== root && !file.startsWith(`${root}/`)) return pageNotFound();
    if ((await stat(file)).isDirectory()) return await listing(file);
    return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, bytes: await readFile(file) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return pageNotFound();
    throw error;
  }
}

async function listing(directory: string): Promise<ApiResponse> {
  const entries = await readdir(directory, { withFileTypes: true });
  const lines = entries.map((entry) => {
    const name = entry.isDirectory() ? `${entry.name}/` : entry.name;
    return `<a href="${encodeURI(name)}">${name.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)}</a>\n`;
  });
  const page = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.sort().join("")}</pre>\n`;
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, bytes: Buffer.from(page) };
}
