#!/usr/bin/env node
// What `npm install -g` links as `operator`. Only syntax that an old Node can read, so that it can say it is too old.
var version = process.versions.node.split('.').map(Number)
if (version[0] < 24 || (version[0] === 24 && version[1] < 12)) {
  console.error('operator: needs Node >= 24.12; this is ' + process.version + ' (' + process.execPath + ')')
  process.exitCode = 3
} else {
  var emitWarning = process.emitWarning
  process.emitWarning = function (warning, type) {
    // node:sqlite's, on every start, is nothing a user can act on.
    if (type !== 'ExperimentalWarning') emitWarning.apply(process, arguments)
  }
  import('../dist/bundle/main.js')
}
