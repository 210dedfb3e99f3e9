#!/usr/bin/env node
// What `npm start` and `npm test` begin with in a fresh clone: brings the npm packages if they are missing, then runs a
// script under Node ≥ 24.
// usage: node bin/in-clone.cjs SCRIPT [ARG...]
// Kept to syntax that Node 12 understands.
"use strict";
var fs = require("fs");
var path = require("path");
var childProcess = require("child_process");

var root = path.join(__dirname, "..");
var marker = path.join(root, "node_modules", ".package-lock.json");

function packagesAreThere() {
  if (!fs.existsSync(marker)) return false;
  return (
    fs.statSync(marker).mtimeMs >= fs.statSync(path.join(root, "package-lock.json")).mtimeMs ||
    fs.existsSync(path.join(root, "node_modules", "node", "package.json"))
  );
}

// `npm install`, not `npm ci`: a lock file made where a registry lacks the packages of other platforms is refused by the latter.
if (!packagesAreThere()) {
  process.stderr.write("  installing npm packages\n");
  var npm = childProcess.spawnSync(
    process.platform === "win32" ? "npm.cmd" : "npm",
    ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  if (npm.status !== 0) {
    process.stderr.write("npm packages could not be installed (npm install, status " + npm.status + ")\n");
    process.exit(1);
  }
}
require("./with-node.cjs").run(process.argv.slice(2));
