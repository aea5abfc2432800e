"use strict";
(function () {
  var form = document.getElementById("solution"), status = document.getElementById("status");
  var bits = Number(document.currentScript.dataset.bits), prefix = form.elements.c.value + ".";
  // SHA-256 (FIPS 180-4). The browser's own is not there on pages without TLS, and waits for a turn for every hash.
  var K = [], H0 = [], n = 2, c;
  function root(x, power) { var r = Math.pow(x, power); return ((r - Math.floor(r)) * 4294967296) | 0; }
  while (K.length < 64) {
    for (c = 2; c * c <= n && n % c; c++) { }
    if (c * c > n) { if (H0.length < 8) { H0.push(root(n, 1 / 2)); } K.push(root(n, 1 / 3)); }
    n++;
  }
  var W = new Int32Array(64);
  function rotate(x, by) { return (x >>> by) | (x << (32 - by)); }
  function first(text) {
    var length = text.length, words = ((length + 8) >> 6) + 1, M = new Int32Array(words * 16), H = H0.slice(), i, j;
    for (i = 0; i < length; i++) { M[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8); }
    M[length >> 2] |= 0x80 << (24 - (length & 3) * 8);
    M[words * 16 - 1] = length * 8;
    for (i = 0; i < M.length; i += 16) {
      var a = H[0], b = H[1], cc = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
      for (j = 0; j < 64; j++) {
        if (j < 16) { W[j] = M[i + j]; } else {
          var x = W[j - 15], y = W[j - 2];
          W[j] = (W[j - 16] + W[j - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10))) | 0;
        }
        var t = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[j] + W[j]) | 0;
        var u = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & cc) ^ (b & cc))) | 0;
        h = g; g = f; f = e; e = (d + t) | 0; d = cc; cc = b; b = a; a = (t + u) | 0;
      }
      H = [(H[0] + a) | 0, (H[1] + b) | 0, (H[2] + cc) | 0, (H[3] + d) | 0, (H[4] + e) | 0, (H[5] + f) | 0, (H[6] + g) | 0, (H[7] + h) | 0];
    }
    return H[0];
  }
  var number = 0;
  function work() {
    var until = Date.now() + 40;
    do {
      for (var i = 0; i < 64; i++, number++) {
        if (Math.clz32(first(prefix + number)) >= bits) {
          status.textContent = "Done.";
          form.elements.n.value = String(number);
          form.submit();
          return;
        }
      }
    } while (Date.now() < until);
    setTimeout(work, 0);
  }
  work();
})();
