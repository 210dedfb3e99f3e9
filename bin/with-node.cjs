#!/usr/bin/env node
// Runs a script under Node ≥ 24: the Node that is running if it is new enough, else the one the `node` package brings.
// usage: node bin/with-node.cjs SCRIPT [ARG...]
// Kept to syntax that Node 12 understands: it must start on whatever is installed.
"use strict";
var path = require("path");
var childProcess = require("child_process");

function newEnough() {
  return Number(process.versions.node.split(".")[0]) >= 24;
}

/** The path of a Node ≥ 24. */
function findNode() {
  if (newEnough()) return process.execPath;
  try {
    return path.join(path.dirname(require.resolve("node/package.json")), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch (error) {
    process.stderr.write(
      "tsukube needs Node 24 or newer; this is " + process.version + " and the `node` package is not installed: run `npm install`\n",
    );
    process.exit(1);
  }
}

function run(argv) {
  var child = childProcess.spawn(findNode(), argv, { stdio: "inherit" });
  ["SIGINT", "SIGTERM", "SIGHUP"].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on("exit", function (code, signal) {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code === null ? 1 : code);
  });
}

module.exports = { findNode: findNode, newEnough: newEnough, run: run };
if (require.main === module) run(process.argv.slice(2));
