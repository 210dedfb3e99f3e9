import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteLinks } from "./html-links.ts";

const prefix = (url: string): string => (url.startsWith("/") ? `/proxy${url}` : url);

test("paths from the root get the proxy's path before them", () => {
  for (const [page, expected] of [
    ['<a href="/rewriteme">test</a>', '<a href="/proxy/rewriteme">test</a>'],
    ["<A class=x HREF = '/x?a=1&amp;b=2' >", "<A class=x HREF = '/proxy/x?a=1&amp;b=2' >"],
    ["<img src=/logo.png><p>", '<img src="/proxy/logo.png"><p>'],
    ['<form action="/a"/><script src="/s.js"></script>', '<form action="/proxy/a"/><script src="/proxy/s.js"></script>'],
    ['<video poster="/p" src="/v">', '<video poster="/proxy/p" src="/proxy/v">'],
  ] as const)
    assert.equal(rewriteLinks(page, prefix), expected);
});

test("what is no link stays byte by byte", () => {
  for (const page of [
    '<a href="relative">',
    '<div href="/x" data-src="/y">',
    '<!-- <a href="/x"> --><p>',
    `<script>document.write('<a href="/x">')</script>`,
    '<style><a href="/x"></style >',
    "a < b <1 </a href='/x'> <",
    '<a href="/unfinished',
    "<a title='>' name=\"<a href='/x'>\">\u00e9\u0000",
  ])
    assert.equal(rewriteLinks(page, prefix), page);
});
