#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "wire/http/message.h"

namespace eunomia::wire::http {

inline constexpr std::uint64_t default_body_limit = std::uint64_t{1} << 20;

// Takes a body line by line as it arrives (NDJSON): nothing but a piece of it is ever in memory.
class line_sink {
 public:
  static constexpr std::size_t max_line_bytes = std::size_t{1} << 20;
  virtual ~line_sink() = default;
  // Whole lines without their line breaks, in order; on the worker pool, one call at a time. first: the number of
  // lines[0], from 1. Throwing ends the request with that error.
  virtual void take(std::span<const std::string_view> lines, std::uint64_t first) = 0;
  // After the last line: the answer.
  virtual response finish() = 0;
};

struct body_policy {
  enum class kind {
    none,    // a body is refused with 400
    memory,  // request::body; may be absent, which is an empty one
    file,    // request::body_file, written as it arrives, readable by its owner only; 411 when absent
    lines    // a line_sink, made by route::open_sink; 411 when absent
  };
  kind into = kind::none;
  std::uint64_t limit = 0;  // bytes; above: 413 that names it
};

// Who may call a route. There is no default: a table that forgets it does not compile.
class access {
 public:
  // Anybody without a credential: /health, and little else.
  static access open() { return access(0, true); }
  // Holders of one of these roles, and administrators.
  template <class... Roles>
  static access roles(Roles... allowed) {
    return access(((1U << static_cast<unsigned>(role::administrator)) | ... | (1U << static_cast<unsigned>(allowed))),
                  false);
  }
  bool is_open() const { return open_; }
  bool allows(role r) const { return open_ || (mask_ >> static_cast<unsigned>(r) & 1U) != 0; }

 private:
  access(unsigned mask, bool is_open) : mask_(mask), open_(is_open) {}
  unsigned mask_;
  bool open_;
};

enum class execution {
  worker,  // on the worker pool: may block on a disk or a lock
  // On the thread of the connection: microseconds, never blocks.
  inline_  // NOLINT(readability-identifier-naming): a keyword
};

struct route {
  using handler = std::function<response(request&)>;  // throws core::error

  method verb;
  // "/api/v1/jobs/{id}": a {name} stands for one segment, not empty; a {name*} at the end for the whole rest, which is
  // not empty either and may be anything: slashes, "." and "..".
  std::string path;
  access who;
  handler run;
  body_policy body = {};
  execution where = execution::worker;
  // For body_policy::kind::lines, instead of run.
  std::function<std::unique_ptr<line_sink>(request&)> open_sink = nullptr;
};

// Why a request was not answered by a handler, or what a handler threw.
struct failure {
  unsigned status = 500;
  std::string code;     // "resource_exhausted", name_of(errc) or "unauthenticated", "method_not_allowed", ...
  std::string message;  // names the thing, the place and the remedy
};
// The status of what a handler threw: invalid_argument 400, not_found 404, already_exists and failed_precondition 409,
// permission_denied 403, resource_exhausted 507, unavailable 503, cancelled 409, corrupt and internal 500.
failure failure_of(const core::error& problem);

// What a credential that covers the body does with it: checks it as it arrives, and takes off what it was wrapped in
// (AWS Signature Version 4 signs a digest of it, or each of its chunks). On the connection's thread: it must not block.
class body_guard {
 public:
  struct refusal {
    failure why;
    bool wrong_credential = false;  // and the body is not merely malformed: such failures are slowed down
  };
  virtual ~body_guard() = default;
  // Appends to body what a handler is to see of these bytes, which come in order.
  virtual std::optional<refusal> take(std::string_view bytes, std::string& body) = 0;
  // After the last of them, and before the handler runs.
  virtual std::optional<refusal> finish() = 0;
  // What followed the body, once finish() had nothing against it: request::trailers.
  virtual std::vector<header> trailers() const { return {}; }
};

// How a protocol finds out who calls; called on the connection's thread with the head alone (no body), so it must not
// block. Nothing when there is no credential or it is wrong: why, for the log and the answer, without the credential.
class authenticator {
 public:
  virtual ~authenticator() = default;
  struct outcome {
    std::optional<identity> who;
    std::string reason;      // "no Authorization header", "the token is revoked"
    bool was_tried = false;  // a credential was given, and wrong: such failures are slowed down
    // Where the protocol has a status and a name of its own for it.
    unsigned status = 401;
    std::string code = "unauthenticated";
    // With who: they called if it has nothing against the body. Not for routes that take it line by line.
    std::unique_ptr<body_guard> guard = nullptr;
  };
  virtual outcome authenticate(const request& head) const = 0;
  // The value of WWW-Authenticate.
  virtual std::string challenge() const = 0;
};

// A protocol on the one port: its routes, who calls, and the shape of its errors.
class protocol {
 public:
  virtual ~protocol() = default;
  virtual std::string_view name() const = 0;  // "eunomia", in metrics and logs
  // Whether a request is this protocol's; the first that says so has it. By the head alone.
  virtual bool claims(const request& head) const = 0;
  virtual std::span<const route> routes() const = 0;
  virtual const authenticator& credentials() const = 0;
  virtual response answer_of(const request& head, const failure& why) const = 0;
};

// The routes of all protocols, compiled once. Immutable; any thread may ask.
class router {
 public:
  // The protocols must outlive it. Throws errc::internal for two routes that match the same path and method, for a body
  // without a limit, and for a route without a handler.
  explicit router(std::span<const protocol* const> protocols);
  ~router();
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  struct match {
    const protocol* speaks = nullptr;  // null: no protocol claims it
    const route* found = nullptr;      // null: none, see allowed
    std::vector<method> allowed;       // the methods that the path has, when only the method does not fit
  };
  // Splits head.target, as it was sent, so that a %2F stays inside its segment; fills in head.path_parameters, decoded.
  // HEAD is answered by GET's route where there is none of its own. known_method: false for one that `method` has no
  // name for, which finds only what is allowed.
  match find(request& head, bool known_method = true) const;

 private:
  struct node;
  struct table;
  std::vector<table> tables_;
};

}  // namespace eunomia::wire::http
