// A request of the log as text that asks it again. The dev accounts' secrets are published, so that
// theirs can be pasted; for all other keys the secret is left to whoever pastes.

const UNSIGNED = new Set(['timestamp', 'signature', 'apiKey']);

function partsOf(row, accounts) {
  const [method, path] = row.operation.split(' ');
  const pairs = [...new URLSearchParams(row.asked)].filter(([name]) => !UNSIGNED.has(name));
  const signed = /(?:^|&)timestamp=/.test(row.asked);
  const dev = accounts.find((one) => one.api_key === row.apiKey);
  return { method, path, query: new URLSearchParams(pairs).toString(), signed, key: row.apiKey, secret: dev ? dev.secret_key : 'YOUR_SECRET' };
}

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

export function asCurl(row, accounts, url) {
  const { method, path, query, signed, key, secret } = partsOf(row, accounts);
  const header = key ? ` -H ${quoted(`X-MBX-APIKEY: ${key}`)}` : '';
  if (!signed) return `curl -X ${method}${header} ${quoted(url + path + (query ? '?' + query : ''))}\n`;
  return [
    `query=${quoted(query ? query + '&' : '')}"timestamp=$(date +%s)000"`,
    `signature=$(printf %s "$query" | openssl dgst -sha256 -hmac ${quoted(secret)} | sed 's/^.* //')`,
    `curl -X ${method}${header} ${quoted(url + path)}"?$query&signature=$signature"`, '',
  ].join('\n');
}

export function asPython(row, accounts, url) {
  const { method, path, query, signed, key, secret } = partsOf(row, accounts);
  const text = JSON.stringify;
  const head = ['import hashlib, hmac, time, urllib.error, urllib.request', '', `query = ${text(query)}`];
  if (signed) {
    head.push('query += ("&" if query else "") + f"timestamp={time.time_ns() // 1_000_000}"');
    head.push(`query += "&signature=" + hmac.new(${text(secret)}.encode(), query.encode(), hashlib.sha256).hexdigest()`);
  }
  const headers = key ? `{"X-MBX-APIKEY": ${text(key)}}` : '{}';
  return [
    ...head, `ask = urllib.request.Request(${text(url + path + '?')} + query, headers=${headers}, method=${text(method)})`,
    'try:', '    print(urllib.request.urlopen(ask).read().decode())',
    'except urllib.error.HTTPError as refused:', '    print(refused.code, refused.read().decode())', '',
  ].join('\n');
}
