#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/thread_pool.h"
#include "wire/http/metrics.h"
#include "wire/http/route.h"

namespace eunomia::wire::http {

struct tls_files {
  std::filesystem::path certificate;  // PEM, the chain, the server's first
  std::filesystem::path key;          // PEM
};

// Each limit is named in the error that it causes: `max_header_bytes = 16384`.
struct server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one
  std::optional<tls_files> tls;
  bool behind_proxy = false;  // plain HTTP elsewhere than on loopback, because a proxy speaks TLS

  unsigned io_threads = 0;                           // 0: one for each processor, at most 4
  unsigned workers = 32;                             // threads that may block: they wait for commits together
  std::size_t max_queue = 1024;                      // requests waiting for a worker; more: 503 and Retry-After
  std::size_t max_connections = 10'000;              // more: 503, closed
  std::size_t max_header_bytes = 16 * 1024;          // request line and headers; more: 431
  std::size_t max_target_bytes = 8 * 1024;           // more: 414
  std::chrono::milliseconds header_timeout{10'000};  // from the first byte of a request to the end of its head: 408
  std::chrono::milliseconds idle_timeout{75'000};    // of a connection between requests; closed
  std::chrono::milliseconds body_timeout{30'000};    // without a byte of the body: 408
  std::chrono::milliseconds write_timeout{30'000};   // without a byte taken by the client; closed
  std::chrono::milliseconds stop_timeout{30'000};    // a graceful stop waits so long for requests under way
  std::filesystem::path upload_folder;               // of bodies that go to a file; created, emptied on start
};

// The one port. Reads requests, finds their route and caller, runs handlers on a bounded pool, answers in order. Keeps
// connections alive, pipelining included. It knows no domain.
//
// Beside the protocols' routes it answers GET /health (200 while the process runs), GET /ready (200 when ready() was
// called with true, else 503 with the reason) and GET /metrics (role engineer, of the first protocol).
class server {
 public:
  // Throws errc::failed_precondition for an address that is not loopback without TLS or behind_proxy, saying which flag
  // to use; errc::unavailable when the port is taken; errc::invalid_argument for a certificate that cannot be read.
  // All of the protocols, the metrics must outlive it.
  static std::unique_ptr<server> start(const server_options& options, std::span<const protocol* const> protocols,
                                       metrics& figures);
  // Stops as stop() does.
  virtual ~server() = default;

  virtual std::uint16_t port() const = 0;
  // Whether GET /ready says yes, and why not: "loading models".
  virtual void ready(bool is, std::string reason = {}) = 0;
  // Reads certificate and key again: new connections get them. Throws, and the old ones stay. On SIGHUP, say.
  virtual void reload_certificate() = 0;
  // Takes no new connections, ends idle ones, lets requests under way finish (at most stop_timeout), returns when all
  // is quiet.
  virtual void stop() = 0;
};

}  // namespace eunomia::wire::http
