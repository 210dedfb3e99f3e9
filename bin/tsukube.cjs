#!/usr/bin/env node
// The launcher: starts the bundle under Node ≥ 24 with a compile cache. Any Node from 12 on can run this file.
"use strict";
var path = require("path");
var fs = require("fs");
var withNode = require("./with-node.cjs");

var bundle = path.join(__dirname, "..", "dist", "tsukube.mjs");
var source = path.join(__dirname, "..", "src", "cluster", "cli", "main.ts");
var entry = fs.existsSync(bundle) ? bundle : source;

if (!withNode.newEnough()) {
  withNode.run([__filename].concat(process.argv.slice(2)));
} else {
  if (entry === bundle) require("module").enableCompileCache();
  import(require("url").pathToFileURL(entry).href).then(
    function (cli) {
      return cli.main(process.argv.slice(2));
    },
    function (error) {
      process.stderr.write("tsukube could not be loaded: " + (error && error.stack ? error.stack : error) + "\n");
      process.exitCode = 1;
    },
  );
}
