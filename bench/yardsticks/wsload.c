/*
 * wsload - load generator for servers that speak the Pusher channels protocol.
 *
 * One thread, epoll, non-blocking sockets.  It opens C WebSocket connections,
 * subscribes connection i to channel PREFIX<i mod K>, then runs one of:
 *
 *   http    publishes with signed POST /apps/ID/events, counts what arrives
 *   client  subscribers publish client events on private channels
 *   ingest  every connection sends client events that nobody else receives,
 *           each batch closed by pusher:ping; the pong proves it was processed
 *   idle    holds the connections and reads the server's RSS
 *   churn   connect + subscribe + close as fast as possible
 *
 * The result is one JSON line on stdout.  See README.md for the options.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <zlib.h>
#include "wsutil.h"

enum mode { M_HTTP, M_CLIENT, M_INGEST, M_IDLE, M_CHURN };
enum state { S_FREE, S_CONNECTING, S_UPGRADING, S_OPEN, S_SUBSCRIBING, S_READY, S_CLOSING };

struct conn {                    /* one WebSocket connection */
    int fd;
    uint8_t state;
    bool want_out, stalled, counted;
    uint32_t chan;
    struct buf in, out;          /* incomplete frame; bytes the kernel did not take */
    char sid[40];
};

struct pub {                     /* one keep-alive HTTP publisher connection */
    int fd;
    bool busy, connected;
    struct buf in, out;
};

static struct {                  /* options */
    enum mode mode;
    const char *mode_name, *host, *path, *prefix, *appid, *key, *secret, *pids, *label;
    int port, conns, channels, ramp, payload, window, burst, pub_conns, sources, batch, stall, rcvbuf;
    double rate, duration, warmup, hold;
    bool deflate, gc_signal, no_subscribe, spin, socketio;
} o = { .mode = M_HTTP, .mode_name = "http", .host = "127.0.0.1", .path = NULL, .prefix = "bench-",
        .appid = "app-id", .key = "app-key", .secret = "app-secret", .pids = "", .label = "",
        .port = 6001, .conns = 1000, .channels = 1, .ramp = 128, .payload = 128, .window = 1, .burst = 1,
        .pub_conns = 8, .sources = 1, .batch = 100, .stall = 0, .duration = 3, .warmup = 1, .hold = 3 };

static struct conn *conns;
static struct pub *pubs;
static int ep, ready, opened, inflight, alive_pubs;
static uint64_t published, acked, http_errors, conn_errors, closed_by_server;
static uint64_t received, expected, bytes_in, churned;
static uint64_t t_begin, t_end, last_pub_ts, last_progress;
static bool measuring, running;
static uint32_t *fan;            /* live (not stalled) subscribers per channel */
static char *pad;
static char rbuf[1 << 18];
static const uint8_t MASK[4] = { 0x5a, 0x13, 0xc7, 0x2e };

/* ---------- sockets ---------- */

static int dial(int seq) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = { .sin_family = AF_INET };
    if (fd < 0) die("socket: %s (raise ulimit -n?)", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (o.rcvbuf) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &o.rcvbuf, sizeof o.rcvbuf);
    if (o.sources > 1) {         /* 127.0.0.1 .. 127.0.0.sources, more local ports */
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        a.sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)(seq % o.sources));
        if (bind(fd, (struct sockaddr *)&a, sizeof a)) die("bind: %s", strerror(errno));
    }
    a.sin_port = htons((uint16_t)o.port);
    inet_pton(AF_INET, o.host, &a.sin_addr);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) && errno != EINPROGRESS) die("connect: %s", strerror(errno));
    return fd;
}

#define PUB_TAG (1ull << 40)     /* marks an event of a publisher connection */
static void watch(int op, int fd, uint64_t tag, uint32_t events) {
    struct epoll_event ev = { .events = events, .data.u64 = tag };
    if (epoll_ctl(ep, op, fd, &ev)) die("epoll_ctl: %s", strerror(errno));
}

/* Write now, keep what the kernel refuses and ask for EPOLLOUT. */
static void conn_write(struct conn *c, const void *p, size_t n) {
    ssize_t w = c->out.len ? 0 : send(c->fd, p, n, MSG_NOSIGNAL);
    if (w < 0) w = 0;
    if ((size_t)w == n) return;
    buf_add(&c->out, (const char *)p + w, n - (size_t)w);
    if (c->want_out) return;
    c->want_out = true;
    watch(EPOLL_CTL_MOD, c->fd, (uint64_t)(c - conns), EPOLLIN | EPOLLOUT);
}

/* Append one masked client frame to b. */
static void frame(struct buf *b, int opcode, const char *p, size_t n) {
    uint8_t h[14];
    size_t k = 2, at;
    h[0] = (uint8_t)(0x80 | opcode);
    if (n < 126) h[1] = (uint8_t)(0x80 | n);
    else if (n < 65536) { h[1] = 0x80 | 126; h[2] = (uint8_t)(n >> 8); h[3] = (uint8_t)n; k = 4; }
    else { h[1] = 0x80 | 127; for (int i = 0; i < 8; i++) h[2 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i)); k = 10; }
    memcpy(h + k, MASK, 4);
    buf_add(b, h, k + 4);
    at = b->len;
    buf_add(b, p, n);
    for (size_t i = 0; i < n; i++) b->p[at + i] = (char)(b->p[at + i] ^ MASK[i & 3]);
}

static void conn_send(struct conn *c, int opcode, const char *p, size_t n) {
    static struct buf b;
    b.len = 0;
    frame(&b, opcode, p, n);
    conn_write(c, b.p, b.len);
}

static void conn_open(struct conn *c) {
    c->fd = dial((int)(c - conns));
    c->state = S_CONNECTING;
    c->want_out = true;
    inflight++;
    watch(EPOLL_CTL_ADD, c->fd, (uint64_t)(c - conns), EPOLLIN | EPOLLOUT);
}

static void conn_close(struct conn *c) {
    if (c->state != S_READY && c->state != S_CLOSING && c->state != S_FREE) inflight--;
    if (c->state == S_READY && c->counted) { ready--; if (!c->stalled) fan[c->chan]--; }
    close(c->fd);
    buf_free(&c->in);
    buf_free(&c->out);
    c->state = S_FREE;
    c->counted = false;
}

static void conn_upgrade(struct conn *c) {
    char req[1024];
    int n = snprintf(req, sizeof req,
        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        o.path, o.host, o.port, o.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; "
        "server_no_context_takeover; client_no_context_takeover\r\n" : "");
    c->state = S_UPGRADING;
    c->want_out = false;
    watch(EPOLL_CTL_MOD, c->fd, (uint64_t)(c - conns), EPOLLIN);
    conn_write(c, req, (size_t)n);
}

static void conn_subscribe(struct conn *c) {
    char msg[600], chan[128], auth[256] = "";
    snprintf(chan, sizeof chan, "%s%u", o.prefix, c->chan);
    if (!strncmp(chan, "private-", 8)) {
        char text[200], sig[65];
        snprintf(text, sizeof text, "%s:%s", c->sid, chan);
        hmac_hex(o.secret, text, sig);
        snprintf(auth, sizeof auth, ",\"auth\":\"%s:%s\"", o.key, sig);
    }
    int n = snprintf(msg, sizeof msg, "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"%s\"%s}}", chan, auth);
    c->state = S_SUBSCRIBING;
    conn_send(c, 1, msg, (size_t)n);
}

/* ---------- publishing ---------- */

/* The data field, JSON-escaped: {"t":"@T<20 digits>","p":"..."}, o.payload bytes when unescaped. */
static size_t data_json(char *out, uint64_t ts) {
    return (size_t)sprintf(out, "\"{\\\"t\\\":\\\"@T%020llu\\\",\\\"p\\\":\\\"%s\\\"}\"", ull(ts), pad);
}

static void client_event(struct buf *b, uint32_t chan, uint64_t ts) {
    static char *msg;
    if (!msg) msg = malloc((size_t)o.payload + 512);
    size_t n = (size_t)sprintf(msg, "{\"event\":\"client-bench\",\"channel\":\"%s%u\",\"data\":", o.prefix, chan);
    n += data_json(msg + n, ts);
    msg[n++] = '}';
    frame(b, 1, msg, n);
}

static void pub_send(struct pub *p, uint32_t chan, uint64_t ts) {
    static char *body, *req;
    char md5[33], sign[600], sig[65], q[256];
    uint8_t md[16];
    if (!body) { body = malloc((size_t)o.payload + 512); req = malloc((size_t)o.payload + 2048); }
    size_t n = (size_t)sprintf(body, "{\"name\":\"bench\",\"channel\":\"%s%u\",\"data\":", o.prefix, chan);
    n += data_json(body + n, ts);
    body[n++] = '}';
    EVP_Digest(body, n, md, NULL, EVP_md5(), NULL);
    hex(md, 16, md5);
    snprintf(q, sizeof q, "auth_key=%s&auth_timestamp=%ld&auth_version=1.0&body_md5=%s", o.key, (long)time(NULL), md5);
    snprintf(sign, sizeof sign, "POST\n/apps/%s/events\n%s", o.appid, q);
    hmac_hex(o.secret, sign, sig);
    size_t k = (size_t)sprintf(req, "POST /apps/%s/events?%s&auth_signature=%s HTTP/1.1\r\nHost: %s:%d\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", o.appid, q, sig, o.host, o.port, n);
    memcpy(req + k, body, n);
    k += n;
    p->busy = true;
    p->in.len = 0;
    ssize_t w = send(p->fd, req, k, MSG_NOSIGNAL);
    if (w < 0) w = 0;
    if ((size_t)w < k) {
        buf_add(&p->out, req + w, k - (size_t)w);
        watch(EPOLL_CTL_MOD, p->fd, PUB_TAG | (uint64_t)(p - pubs), EPOLLIN | EPOLLOUT);
    }
}

/* Publish one message stamped ts; false when no publisher connection is free. */
static bool publish(uint64_t ts) {
    static uint64_t rr, next_pub;
    uint32_t chan = (uint32_t)(rr % (uint64_t)o.channels);
    if (o.mode == M_HTTP) {
        struct pub *p = NULL;
        for (int i = 0; i < o.pub_conns && !p; i++) {
            struct pub *x = &pubs[next_pub++ % (uint64_t)o.pub_conns];
            if (x->connected && !x->busy) p = x;
        }
        if (!p) return false;
        pub_send(p, chan, ts);
        expected += fan[chan];
    } else {                     /* connection chan is the first member of channel chan */
        static struct buf b;
        b.len = 0;
        client_event(&b, chan, ts);
        conn_write(&conns[chan], b.p, b.len);
        expected += fan[chan] - 1;
        acked++;
    }
    rr++;
    published++;
    last_pub_ts = ts;
    return true;
}

static void ingest_batch(struct conn *c) {
    static struct buf b;
    static const char ping[] = "{\"event\":\"pusher:ping\",\"data\":{}}";
    b.len = 0;
    for (int i = 0; i < o.batch; i++) client_event(&b, c->chan, 0);
    frame(&b, 1, ping, sizeof ping - 1);
    conn_write(c, b.p, b.len);
    published += (uint64_t)o.batch;
}

/* ---------- receiving ---------- */

static void delivered(uint64_t ts, size_t n) {
    uint64_t now = now_ns();
    received++;
    last_progress = now;
    bytes_in += n;
    if (measuring && ts && ts < now) hist_add(now - ts);
}

static bool has(const char *p, size_t n, const char *s) { return memmem(p, n, s, strlen(s)) != NULL; }

static void on_ready(struct conn *c) {
    c->state = S_READY;
    inflight--;
    if (o.mode == M_CHURN) {
        churned++;
        c->state = S_CLOSING;
        conn_send(c, 8, "\x03\xe8", 2);
        return;
    }
    c->counted = true;
    ready++;
    if ((int)(c - conns) >= o.conns - o.stall) {      /* a consumer that stops reading */
        c->stalled = true;
        watch(EPOLL_CTL_MOD, c->fd, (uint64_t)(c - conns), 0);
    } else fan[c->chan]++;
}

/* Socket.IO's own packets: 0 opens the transport, 40 joins, 2 is a ping; everybody is in the server's one room. */
static bool socketio_packet(struct conn *c, const char *p, size_t n) {
    if (c->state == S_OPEN && *p == '0') {
        c->state = S_SUBSCRIBING;
        conn_send(c, 1, "40", 2);
    } else if (c->state == S_SUBSCRIBING && n > 1 && !memcmp(p, "40", 2)) {
        on_ready(c);
    } else if (n == 1 && *p == '2') {
        conn_send(c, 1, "3", 1);
    } else return false;
    return true;
}

static void on_text(struct conn *c, const char *p, size_t n, bool compressed) {
    static char plain[65536];
    if (c->state == S_READY && compressed) { delivered(last_pub_ts, n); return; }
    if (compressed) {            /* only the handshake messages are ever inflated here */
        z_stream z = { 0 };
        if (inflateInit2(&z, -15) != Z_OK) die("zlib");
        z.next_in = (Bytef *)(uintptr_t)p; z.avail_in = (uInt)n;
        z.next_out = (Bytef *)plain; z.avail_out = sizeof plain;
        inflate(&z, Z_SYNC_FLUSH);
        p = plain; n = sizeof plain - z.avail_out;
        inflateEnd(&z);
    }
    if (o.socketio && socketio_packet(c, p, n)) return;
    if (c->state == S_READY) {
        const char *t = memmem(p, n < 512 ? n : 512, "@T", 2);
        if (t && p + n - t > 22) {
            uint64_t ts = 0;
            for (int i = 2; i < 22; i++) ts = ts * 10 + (uint64_t)(t[i] - '0');
            delivered(ts, n);
        } else if (has(p, n, "pusher:pong")) {
            last_progress = now_ns();
            if (o.mode == M_INGEST) { received += (uint64_t)o.batch; if (running) ingest_batch(c); }
        } else if (has(p, n, "pusher:ping")) {
            static const char pong[] = "{\"event\":\"pusher:pong\",\"data\":{}}";
            conn_send(c, 1, pong, sizeof pong - 1);
        } else if (has(p, n, "pusher:error")) {
            die("server refused: %.*s", (int)(n < 300 ? n : 300), p);
        }
    } else if (c->state == S_OPEN && has(p, n, "connection_established")) {
        const char *s = memmem(p, n, "socket_id", 9);
        size_t k = 0;
        for (s = s ? s + 9 : p + n; s < p + n && (*s < '0' || *s > '9'); s++);
        for (; s < p + n && ((*s >= '0' && *s <= '9') || *s == '.') && k < sizeof c->sid - 1; s++) c->sid[k++] = *s;
        c->sid[k] = 0;
        if (o.no_subscribe) on_ready(c); else conn_subscribe(c);
    } else if (c->state == S_SUBSCRIBING && has(p, n, "subscription_succeeded")) {
        on_ready(c);
    } else if (has(p, n, "pusher:error") || has(p, n, "subscription_error")) {
        die("server refused: %.*s", (int)(n < 300 ? n : 300), p);
    }
}

/* Consume whole frames from p[0..n), return bytes used. */
static size_t on_bytes(struct conn *c, const char *p, size_t n) {
    size_t used = 0;
    if (c->state == S_UPGRADING) {
        const char *e = memmem(p, n, "\r\n\r\n", 4);
        if (!e) return 0;
        if (n < 12 || memcmp(p + 9, "101", 3)) die("upgrade failed: %.*s", (int)(e - p), p);
        used = (size_t)(e - p) + 4;
        c->state = S_OPEN;
    }
    while (n - used >= 2 && c->state != S_FREE) {
        const uint8_t *h = (const uint8_t *)p + used;
        uint64_t len = h[1] & 127;
        size_t k = 2;
        if (len == 126) { k = 4; if (n - used < k) break; len = (uint64_t)h[2] << 8 | h[3]; }
        else if (len == 127) {
            k = 10;
            if (n - used < k) break;
            len = 0;
            for (int i = 0; i < 8; i++) len = len << 8 | h[2 + i];
        }
        if (n - used - k < len) break;
        const char *body = p + used + k;
        int op = h[0] & 15;
        used += k + len;
        if (op == 1 || op == 2) on_text(c, body, len, h[0] & 0x40);
        else if (op == 9) conn_send(c, 10, body, len);
        else if (op == 8 && o.mode != M_CHURN) {
            int code = len >= 2 ? (uint8_t)body[0] << 8 | (uint8_t)body[1] : 0;
            if (!closed_by_server++) fprintf(stderr, "wsload: server closed a connection, code %d\n", code);
        }
    }
    return used;
}

static void conn_event(struct conn *c, uint32_t ev) {
    if (c->state == S_FREE) return;
    if (c->state == S_CONNECTING) {
        int err = 0;
        socklen_t l = sizeof err;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
        if (err) die("connect: %s", strerror(err));
        if (ev & EPOLLOUT) conn_upgrade(c);
        return;
    }
    if ((ev & EPOLLOUT) && c->want_out) {
        ssize_t w = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);
        if (w > 0) buf_take(&c->out, (size_t)w);
        if (!c->out.len) { c->want_out = false; watch(EPOLL_CTL_MOD, c->fd, (uint64_t)(c - conns), EPOLLIN); }
    }
    if (!(ev & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    size_t keep = c->in.len;
    if (keep > sizeof rbuf / 2) die("frame too large");
    if (keep) memcpy(rbuf, c->in.p, keep);
    ssize_t r = recv(c->fd, rbuf + keep, sizeof rbuf - keep, 0);
    if (r < 0 && errno == EAGAIN) return;
    if (r <= 0) {                /* the other end is gone */
        if (c->state != S_CLOSING) conn_errors++;
        conn_close(c);
        if (o.mode == M_CHURN && running) conn_open(c);
        return;
    }
    size_t n = keep + (size_t)r, used = on_bytes(c, rbuf, n);
    if (c->state == S_FREE) return;
    c->in.len = 0;
    if (used < n) buf_add(&c->in, rbuf + used, n - used);
    else if (c->in.cap) buf_free(&c->in);
}

static void pub_dial(struct pub *p) {
    p->fd = dial(o.conns + (int)(p - pubs));
    p->busy = p->connected = false;
    p->in.len = p->out.len = 0;
    watch(EPOLL_CTL_ADD, p->fd, PUB_TAG | (uint64_t)(p - pubs), EPOLLIN | EPOLLOUT);
}

static void pub_event(struct pub *p, uint32_t ev) {
    if (!p->connected && (ev & EPOLLOUT)) {
        p->connected = true;
        alive_pubs++;
        watch(EPOLL_CTL_MOD, p->fd, PUB_TAG | (uint64_t)(p - pubs), EPOLLIN);
    } else if ((ev & EPOLLOUT) && p->out.len) {
        ssize_t w = send(p->fd, p->out.p, p->out.len, MSG_NOSIGNAL);
        if (w > 0) buf_take(&p->out, (size_t)w);
        if (!p->out.len) watch(EPOLL_CTL_MOD, p->fd, PUB_TAG | (uint64_t)(p - pubs), EPOLLIN);
    }
    if (!(ev & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    char tmp[8192];
    ssize_t r = recv(p->fd, tmp, sizeof tmp, 0);
    if (r < 0 && errno == EAGAIN) return;
    if (r <= 0) {
        if (p->busy) http_errors++;
        close(p->fd);
        alive_pubs--;
        pub_dial(p);
        return;
    }
    buf_add(&p->in, tmp, (size_t)r);
    char *e = memmem(p->in.p, p->in.len, "\r\n\r\n", 4);
    if (!e) return;
    size_t head = (size_t)(e - p->in.p) + 4, body = 0;
    *e = 0;
    char *cl = strcasestr(p->in.p, "content-length:");
    bool chunked = strcasestr(p->in.p, "chunked") != NULL;
    *e = '\r';
    if (cl) body = (size_t)atoi(cl + 15);
    if (chunked ? !memmem(e, p->in.len - head + 4, "0\r\n\r\n", 5) : p->in.len < head + body) return;
    if (memcmp(p->in.p + 9, "200", 3) && !http_errors++) fprintf(stderr, "wsload: publish: %.*s\n", 200, p->in.p);
    p->busy = false;
    acked++;
}

/* ---------- the loop ---------- */

/* Start as many publishes as the mode allows; return the next deadline (0 = none). */
static uint64_t pump(void) {
    static uint64_t next, base, count, queue;
    if (!running || (o.mode != M_HTTP && o.mode != M_CLIENT)) return 0;
    if (o.rate > 0) {
        uint64_t now = now_ns();
        if (!base) base = now;
        for (;; count++) {       /* stamped with the intended time: no coordinated omission */
            next = base + (uint64_t)((double)count * 1e9 / o.rate);
            if (next > now || !publish(next)) break;
        }
        return next > now ? next : now + 20000;
    }
    uint64_t per = 0;            /* average live fan-out of one message */
    for (int i = 0; i < o.channels; i++) per += fan[i];
    per /= (uint64_t)o.channels;
    if (o.mode == M_CLIENT && per) per--;
    if (o.burst > 1) {
        if (!queue && received >= expected && acked == published) queue = (uint64_t)o.burst;
        while (queue && publish(now_ns())) queue--;
    } else {
        while ((int64_t)(expected - received) <= (int64_t)((uint64_t)(o.window - 1) * per) && published - acked < (uint64_t)o.window + 64)
            if (!publish(now_ns())) break;
    }
    return 0;
}

static void loop_until(uint64_t until, bool (*done)(void)) {
    struct epoll_event evs[512];
    while (!done || !done()) {
        while (!running && o.mode != M_CHURN && inflight < o.ramp && opened < o.conns) conn_open(&conns[opened++]);
        uint64_t deadline = pump(), now = now_ns();
        if (until && now >= until) return;
        uint64_t limit = until && (!deadline || until < deadline) ? until : deadline;
        uint64_t wait = limit ? (limit > now ? limit - now : 0) : 1000000000ull;
        if (o.spin) wait = 0;    /* never sleep: the server then never pays for waking us up */
        struct timespec ts = { (time_t)(wait / 1000000000ull), (long)(wait % 1000000000ull) };
        int n = epoll_pwait2(ep, evs, 512, &ts, NULL);
        for (int i = 0; i < n; i++)
            if (evs[i].data.u64 & PUB_TAG) pub_event(&pubs[evs[i].data.u64 & 0xffffff], evs[i].events);
            else conn_event(&conns[evs[i].data.u64], evs[i].events);
        if (!until && now_ns() - last_progress > 60000000000ull) die("no progress for 60 s (ready %d)", ready);
    }
}

static bool all_ready(void) {
    if (inflight) last_progress = now_ns();
    return ready == o.conns && (o.mode != M_HTTP || alive_pubs == o.pub_conns);
}

static uint64_t sec(double s) { return (uint64_t)(s * 1e9); }
static double cpu_self(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void parse(int argc, char **argv) {
    static const struct { const char *name; int *i; double *d; const char **s; bool *b; } opts[] = {
        { "mode", 0, 0, &o.mode_name, 0 }, { "host", 0, 0, &o.host, 0 }, { "path", 0, 0, &o.path, 0 },
        { "prefix", 0, 0, &o.prefix, 0 }, { "app-id", 0, 0, &o.appid, 0 }, { "key", 0, 0, &o.key, 0 },
        { "secret", 0, 0, &o.secret, 0 }, { "pids", 0, 0, &o.pids, 0 }, { "label", 0, 0, &o.label, 0 },
        { "port", &o.port, 0, 0, 0 }, { "conns", &o.conns, 0, 0, 0 }, { "channels", &o.channels, 0, 0, 0 },
        { "ramp", &o.ramp, 0, 0, 0 }, { "payload", &o.payload, 0, 0, 0 }, { "window", &o.window, 0, 0, 0 },
        { "burst", &o.burst, 0, 0, 0 }, { "pub-conns", &o.pub_conns, 0, 0, 0 }, { "sources", &o.sources, 0, 0, 0 },
        { "batch", &o.batch, 0, 0, 0 }, { "stall", &o.stall, 0, 0, 0 }, { "rcvbuf", &o.rcvbuf, 0, 0, 0 },
        { "rate", 0, &o.rate, 0, 0 }, { "duration", 0, &o.duration, 0, 0 }, { "warmup", 0, &o.warmup, 0, 0 },
        { "hold", 0, &o.hold, 0, 0 }, { "deflate", 0, 0, 0, &o.deflate }, { "gc-signal", 0, 0, 0, &o.gc_signal },
        { "no-subscribe", 0, 0, 0, &o.no_subscribe }, { "spin", 0, 0, 0, &o.spin },
        { "socketio", 0, 0, 0, &o.socketio } };
    for (int a = 1; a < argc; a++) {
        size_t k = 0;
        while (k < sizeof opts / sizeof *opts && (strncmp(argv[a], "--", 2) || strcmp(argv[a] + 2, opts[k].name))) k++;
        if (k == sizeof opts / sizeof *opts) die("unknown option %s", argv[a]);
        if (opts[k].b) { *opts[k].b = true; continue; }
        if (++a == argc) die("%s needs a value", argv[a - 1]);
        if (opts[k].i) *opts[k].i = atoi(argv[a]);
        if (opts[k].d) *opts[k].d = atof(argv[a]);
        if (opts[k].s) *opts[k].s = argv[a];
    }
    static const char *const names[] = { "http", "client", "ingest", "idle", "churn" };
    for (o.mode = M_HTTP; o.mode <= M_CHURN && strcmp(names[o.mode], o.mode_name); o.mode++);
    if (o.mode > M_CHURN) die("unknown mode %s", o.mode_name);
    if (o.mode == M_INGEST) o.channels = o.conns;
    if (o.mode == M_HTTP && o.burst > o.pub_conns) o.pub_conns = o.burst;
    if (!o.path && o.socketio) o.path = "/socket.io/?EIO=4&transport=websocket";
    if (!o.path) {
        static char p[256];
        snprintf(p, sizeof p, "/app/%s?protocol=7&client=wsload&version=1.0", o.key);
        o.path = p;
    }
    bool alone = o.mode == M_HTTP && !o.conns;   /* publish to nobody, count the answers */
    if (o.channels < 1 || (o.conns < o.channels && !alone)) die("need conns >= channels >= 1");
    if (strncmp(o.host, "127.", 4)) die("loopback addresses only");
}

int main(int argc, char **argv) {
    struct rlimit rl;
    parse(argc, argv);
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
    if ((int)rl.rlim_cur < o.conns + o.pub_conns + 16) die("hard limit of open files is %d", (int)rl.rlim_cur);
    prctl(PR_SET_TIMERSLACK, 1000);
    int padlen = o.payload > 38 ? o.payload - 37 : 1;
    uint32_t rnd = 12345;
    pad = malloc((size_t)padlen + 1);
    for (int i = 0; i < padlen; i++) { rnd = rnd * 1664525u + 1013904223u; pad[i] = "etaoinshrdlu mpfg etaoins 0123 e"[rnd >> 27]; }
    pad[padlen] = 0;
    conns = calloc((size_t)o.conns, sizeof *conns);
    pubs = calloc((size_t)o.pub_conns, sizeof *pubs);
    fan = calloc((size_t)o.channels, sizeof *fan);
    ep = epoll_create1(0);
    for (int i = 0; i < o.conns; i++) conns[i].chan = (uint32_t)(i % o.channels);

    double u0, s0, u1, s1, c0, mb0, ms0, mb1, ms1;
    long rss0, rss1, rss2;
    server_stat(o.pids, &u0, &s0, &rss0);
    uint64_t t0 = last_progress = now_ns(), n0;
    if (o.mode == M_HTTP) for (int i = 0; i < o.pub_conns; i++) pub_dial(&pubs[i]);
    if (o.mode == M_CHURN) { running = true; for (int i = 0; i < o.conns; i++) { opened++; conn_open(&conns[i]); } }
    else loop_until(0, all_ready);
    double ramp_s = (double)(now_ns() - t0) / 1e9;
    server_stat(o.pids, &u1, &s1, &rss1);
    double ramp_cpu = u1 + s1 - u0 - s0;

    if (o.mode == M_IDLE) {
        loop_until(now_ns() + sec(o.hold), NULL);
        if (o.gc_signal) signal_servers(o.pids, SIGUSR2);
        loop_until(now_ns() + sec(1.5), NULL);
    } else {
        if (o.mode != M_CHURN) loop_until(now_ns() + sec(0.3), NULL);
        running = true;
        if (o.mode == M_INGEST) for (int i = 0; i < o.conns; i++) ingest_batch(&conns[i]);
        loop_until(now_ns() + sec(o.warmup), NULL);
    }
    const uint64_t *counter = o.mode == M_CHURN ? &churned : o.conns ? &received : &acked;
    n0 = *counter;
    uint64_t p0 = published, b0 = bytes_in;
    measuring = true;
    c0 = cpu_self();
    machine_stat(&mb0, &ms0);
    server_stat(o.pids, &u0, &s0, &rss1);
    t_begin = now_ns();
    if (o.mode != M_IDLE) loop_until(t_begin + sec(o.duration), NULL);
    t_end = now_ns();
    server_stat(o.pids, &u1, &s1, &rss2);
    machine_stat(&mb1, &ms1);
    double dt = (double)(t_end - t_begin + 1) / 1e9, self = cpu_self() - c0;
    uint64_t n = *counter - n0, msgs = published - p0;
    double cpu = u1 + s1 - u0 - s0;
    bool stuck = o.mode != M_IDLE && o.mode != M_CHURN && !n;

    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"conns\":%d,\"channels\":%d,\"payload\":%d,\"window\":%d,\"burst\":%d,\"rate\":%g,"
        "\"seconds\":%.3f,\"events\":%llu,\"per_s\":%.0f,\"published_per_s\":%.1f,\"mbytes_per_s\":%.1f,"
        "\"lat_us\":{\"n\":%llu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},"
        "\"server_cpu\":{\"user\":%.2f,\"sys\":%.2f,\"us_per_event\":%.3f,\"busy\":%.2f},\"client_busy\":%.2f,\"machine_busy\":%.2f,\"steal\":%.2f,"
        "\"rss_kb\":{\"start\":%ld,\"ready\":%ld,\"end\":%ld,\"per_conn\":%.2f},\"ramp_s\":%.3f,\"ramp_cpu_s\":%.2f,"
        "\"http_errors\":%llu,\"conn_errors\":%llu,\"closed\":%llu,\"stuck\":%s}\n",
        o.label, o.mode_name, o.conns, o.channels, o.payload, o.window, o.burst, o.rate, dt,
        ull(n), (double)n / dt, (double)msgs / dt, (double)(bytes_in - b0) / dt / 1e6,
        ull(hist_n), hist_us(.5), hist_us(.9), hist_us(.99), hist_us(.999), (double)hist_max / 1000.0,
        u1 - u0, s1 - s0, n ? cpu * 1e6 / (double)n : 0, cpu / dt, self / dt, (mb1 - mb0) / dt, (ms1 - ms0) / dt,
        rss0, rss1, rss2, o.conns ? (double)(rss2 - rss0) / o.conns : 0, ramp_s, ramp_cpu,
        ull(http_errors), ull(conn_errors), ull(closed_by_server), stuck ? "true" : "false");
    return stuck ? 2 : 0;
}
