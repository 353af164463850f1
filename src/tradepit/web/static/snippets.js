// A request of the log as text that asks it again: stamped and signed anew. The dev accounts' secrets
// are published, so that theirs can be pasted; of all other keys the secret is left to whoever pastes.

const UNSIGNED = new Set(['timestamp', 'signature', 'apiKey']);
const ESCAPED = "sed 's/+/%2B/g; s#/#%2F#g; s/=/%3D/g'";

const isControl = (row) => row.operation.includes(' /_tradepit/') && !row.operation.startsWith('GET ');

// The parameters as pairs: of JSON they are told as they were meant, of others as they were sent.
function pairsOf(row) {
  if (row.via !== 'WS' && !isControl(row)) return [...new URLSearchParams(row.asked)];
  return row.asked.split('&').filter(Boolean).map((pair) => pair.split(/=(.*)/s).slice(0, 2));
}

// accounts: the dev accounts. kinds: of other keys, HMAC, RSA or ED25519, by API key.
function partsOf(row, accounts, kinds) {
  const [method, path] = row.operation.split(' ');
  const pairs = pairsOf(row);
  const dev = accounts.find((one) => one.api_key === row.apiKey);
  return {
    method, path, key: row.apiKey, kind: kinds.get(row.apiKey) ?? 'HMAC',
    query: new URLSearchParams(pairs.filter(([name]) => !UNSIGNED.has(name))).toString(),
    signed: pairs.some(([name]) => name === 'timestamp'),
    secret: dev ? dev.secret_key : 'YOUR_SECRET',
  };
}

const bodyOf = (row) => JSON.stringify(Object.fromEntries(pairsOf(row)));
const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

const SHELL = {
  HMAC: (secret) => [`signature=$(printf %s "$query" | openssl dgst -sha256 -hmac ${quoted(secret)} | sed 's/^.* //')`],
  RSA: () => [`signature=$(printf %s "$query" | openssl dgst -sha256 -sign YOUR_KEY.pem | openssl base64 -A | ${ESCAPED})`],
  ED25519: () => [
    'payload=$(mktemp) && printf %s "$query" > "$payload"',
    `signature=$(openssl pkeyutl -sign -rawin -inkey YOUR_KEY.pem -in "$payload" | openssl base64 -A | ${ESCAPED}); rm "$payload"`,
  ],
};

export function asCurl(row, accounts, kinds, url) {
  const { method, path, query, signed, key, kind, secret } = partsOf(row, accounts, kinds);
  if (isControl(row)) return `curl -X ${method} -H 'Content-Type: application/json' -d ${quoted(bodyOf(row))} ${quoted(url + path)}\n`;
  const header = key ? ` -H ${quoted(`X-MBX-APIKEY: ${key}`)}` : '';
  if (!signed) return `curl -X ${method}${header} ${quoted(url + path + (query ? '?' + query : ''))}\n`;
  return [
    // The end of this second: early by less than what is let pass, and never too old.
    `query=${quoted(query ? query + '&' : '')}"timestamp=$(date +%s)999"`,
    ...SHELL[kind](secret),
    `curl -X ${method}${header} ${quoted(url + path)}"?$query&signature=$signature"`, '',
  ].join('\n');
}

const text = JSON.stringify;
const LOADED = [
  'import base64, pathlib', 'from cryptography.hazmat.primitives import hashes, serialization',
  'from cryptography.hazmat.primitives.asymmetric import padding', '',
  'private = serialization.load_pem_private_key(pathlib.Path("YOUR_KEY.pem").read_bytes(), None)',
];
const PYTHON = {
  HMAC: (secret) => [`signature = hmac.new(${text(secret)}.encode(), query.encode(), hashlib.sha256).hexdigest()`],
  RSA: () => [...LOADED, 'signature = base64.b64encode(private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()'],
  ED25519: () => [...LOADED, 'signature = base64.b64encode(private.sign(query.encode())).decode()'],
};

export function asPython(row, accounts, kinds, url) {
  const { method, path, query, signed, key, kind, secret } = partsOf(row, accounts, kinds);
  const head = ['import hashlib, hmac, time, urllib.error, urllib.parse, urllib.request', ''];
  if (!isControl(row)) head.push(`query = ${text(query)}`);
  if (signed) {
    head.push('query += ("&" if query else "") + f"timestamp={time.time_ns() // 1_000_000}"');
    head.push(...PYTHON[kind](secret), 'query += "&signature=" + urllib.parse.quote(signature, safe="")');
  }
  const headers = key ? `{"X-MBX-APIKEY": ${text(key)}}` : '{}';
  const target = isControl(row)
    ? `${text(url + path)}, ${text(bodyOf(row))}.encode(), {"Content-Type": "application/json"}`
    : `${text(url + path + '?')} + query, headers=${headers}`;
  return [
    ...head, `ask = urllib.request.Request(${target}, method=${text(method)})`,
    'try:', '    print(urllib.request.urlopen(ask).read().decode())',
    'except urllib.error.HTTPError as refused:', '    print(refused.code, refused.read().decode())', '',
  ].join('\n');
}
