/** Fails early when the tests run on the machine's Node instead of the one the project installs. */
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  throw new Error(
    `tests need Node 24 or newer, this is ${process.version}: run them with npm, which uses node_modules/.bin/node`,
  )
}
