// Checks KQL with Microsoft's own language service, bound to the columns of templates/schemas.
//
//   … | node kql.mjs          one {"name", "platform", "query"} a line on standard input
//
// Prints one line per mistake and `N passed, N failed`; exits 1 if a query fails or if there is
// none. Besides what the language service finds, a comparison of a number with text is a mistake
// (the engine refuses it, the service does not look), and a query for Defender XDR must return what
// a custom detection needs. Before that, queries with known mistakes must be found out.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
const { GlobalState, KustoCode, Symbols, Syntax } = globalThis.Kusto.Language;

const SCHEMAS = new URL('../../templates/schemas/', import.meta.url);
const TYPES = {
  text: 'string', integer: 'long', real: 'real', boolean: 'bool', time: 'datetime',
  dynamic: 'dynamic', opaque: 'dynamic', ip: 'string',
};
const ENTITIES = ['DeviceId', 'DeviceName', 'RecipientEmailAddress', 'SenderFromAddress',
  'SenderMailFromAddress', 'RecipientObjectId', 'AccountObjectId', 'AccountSid', 'AccountUpn',
  'InitiatingProcessAccountSid', 'InitiatingProcessAccountUpn',
  'InitiatingProcessAccountObjectId'];

// `Table:` / `  type: column column` / `    column`, as the files of templates/schemas are written.
function tables(platform) {
  const found = {};
  let columns;
  let type;
  for (const line of readFileSync(new URL(`${platform}.yml`, SCHEMAS), 'utf8').split('\n')) {
    const [, indent, heading, rest] = /^( *)(?:("?[\w[\]]+"?):)?(.*)$/.exec(line);
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    if (indent === '') columns = found[heading] = {};
    else if (heading) type = heading.replace(/"/g, '');
    if (indent === '') continue;
    if (!(type in TYPES)) throw new Error(`${platform}: ${heading ?? line}: no such type`);
    for (const column of rest.trim().split(/\s+/).filter(Boolean)) columns[column] = TYPES[type];
  }
  return found;
}

function globals(platform) {
  const symbols = Object.entries(tables(platform)).map(([name, columns]) => {
    const typed = Object.entries(columns).map(([column, type]) => `['${column}']:${type}`);
    return new Symbols.TableSymbol.$ctor7(name, `(${typed.join(', ')})`, null);
  });
  const list = new (globalThis.System.Collections.Generic.List$1(Symbols.Symbol).$ctor1)(symbols);
  const database = new Symbols.DatabaseSymbol.$ctor1('db', list, false);
  const cluster = new Symbols.ClusterSymbol.ctor('cluster.kusto.windows.net', [database]);
  return GlobalState.Default.WithCluster(cluster).WithDatabase(database);
}

const known = new Map();
function globalsOf(platform) {
  if (!known.has(platform)) known.set(platform, globals(platform));
  return known.get(platform);
}

function walk(node, visit) {
  visit(node);
  for (let index = 0; index < node.ChildCount; index += 1) {
    const child = node.GetChild(index);
    if (child) walk(child, visit);
  }
}

const KIND = {
  int: 'number', long: 'number', real: 'number', decimal: 'number', bool: 'boolean',
  string: 'text', datetime: 'time', timespan: 'span',
};

// Pairs that `==`, `!=`, `in` and `!in` compare.
function compared(node) {
  const kind = globalThis.System.Enum.toString(Syntax.SyntaxKind, node.Kind);
  if (kind === 'EqualExpression' || kind === 'NotEqualExpression') return [[node.Left, node.Right]];
  if (kind !== 'InExpression' && kind !== 'NotInExpression') return [];
  const listed = node.Right?.Expressions;
  const count = listed?.Count ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const item = listed.getItem(index);
    return [node.Left, item.Element ?? item];
  });
}

function mistyped(code) {
  const found = [];
  walk(code.Syntax, (node) => {
    for (const [left, right] of compared(node)) {
      const [a, b] = [left, right].map((side) => KIND[side?.ResultType?.Name]);
      if (a && b && a !== b) found.push(`compares ${a} with ${b}: ${node.toString().trim()}`);
    }
  });
  return found;
}

function result(code) {
  const columns = code.ResultType?.Columns;
  if (!columns) return null;
  return Array.from({ length: columns.Count }, (_, index) => columns.getItem(index).Name);
}

function mistakes({ query, platform }) {
  const code = KustoCode.ParseAndAnalyze(query, globalsOf(platform));
  const diagnostics = code.GetDiagnostics();
  const found = Array.from({ length: diagnostics.Count }, (_, index) => diagnostics.getItem(index))
    .filter((one) => one.Severity === 'Error')
    .map((one) => `${one.Code} ${one.Message} at \`${query.substr(one.Start, 40)}\``);
  found.push(...mistyped(code));
  const columns = result(code);
  if (columns === null) found.push('the query returns no table');
  else if (platform === 'defender-xdr') {
    for (const column of ['Timestamp', 'ReportId']) {
      if (!columns.includes(column)) found.push(`a custom detection must return ${column}`);
    }
    if (!ENTITIES.some((entity) => columns.includes(entity))) {
      found.push('a custom detection must return a column that names a device, user or mailbox');
    }
  }
  return found;
}

const CANARIES = [
  ['a misspelt column', 'DeviceProcessEvents | where FolderPaht == "a"', false],
  ['a misspelt table', 'DeviceProcesEvents | where FolderPath == "a"', false],
  ['text for a number', 'DeviceNetworkEvents | where RemotePort == "53"', false],
  ['text for a number in a list', 'DeviceNetworkEvents | where RemotePort in (53, "54")', false],
  ['a broken literal', 'DeviceProcessEvents | where FolderPath endswith "\\W"', false],
  ['a result without its time', 'DeviceProcessEvents | project ReportId, DeviceId', false],
  ['nothing wrong', 'DeviceProcessEvents | where FolderPath endswith @"\\W"', true],
];

function main() {
  for (const [name, query, good] of CANARIES) {
    const found = mistakes({ query, platform: 'defender-xdr' });
    if ((found.length === 0) !== good) {
      console.log(`the check itself is broken: ${name}: ${found.join('; ') || 'not found out'}`);
      process.exit(1);
    }
  }
  let [passed, failed] = [0, 0];
  for (const line of readFileSync(0, 'utf8').split('\n').filter((text) => text.trim())) {
    const one = JSON.parse(line);
    const found = mistakes(one);
    for (const mistake of found) console.log(`${one.name}: ${mistake}`);
    if (found.length) failed += 1;
    else passed += 1;
  }
  console.log(`kql: ${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}

main();
