#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A request and an answer as handlers see them: plain values, without sockets, coroutines or the library behind them.
namespace eunomia::wire::http {

// NOLINTNEXTLINE(readability-identifier-naming): delete is a keyword
enum class method { get, head, post, put, patch, delete_, options };
std::string_view name_of(method verb) noexcept;  // "DELETE"
std::optional<method> method_named(std::string_view name) noexcept;

// What a caller may do; a route lists those that may call it. An administrator may call every route that wants a role.
enum class role { administrator, privacy_officer, engineer, annotator, service };
std::string_view name_of(role r) noexcept;  // "privacy-officer"
// Throws errc::invalid_argument with the names there are.
role role_named(std::string_view name);

// Who calls, as the credential says. Its id is safe to log.
struct identity {
  std::string id;  // of the credential: "tok-7"
  role as = role::service;
};

struct header {
  std::string name;
  std::string value;
};

// A name or value of the query, percent-decoded, '+' as a space.
struct parameter {
  std::string name;
  std::string value;
};

struct request {
  std::string id;  // the client's X-Request-Id when it is 1 to 128 of [A-Za-z0-9._-], else made here
  method verb = method::get;
  std::string target;                      // as it was sent
  std::string path;                        // percent-decoded; never with U+0000 or bad UTF-8, and never with "." or
                                           // ".." segments but on routes whose path ends in a rest
  std::vector<parameter> query;            // in the order sent
  std::vector<parameter> path_parameters;  // what stood for the {names} of the route
  bool leads_upwards = false;              // the path has a segment "." or ".."
  std::vector<header> headers;             // in the order sent
  std::string remote_address;              // without the port
  bool secure = false;                     // came by TLS
  std::vector<header> trailers;            // that a credential which covers the body found behind it
  std::optional<identity> caller;          // set on routes that want a role
  std::string body;                        // of routes that take one into memory
  std::filesystem::path body_file;  // of routes that take one into a file; removed when the handler is done with it
  std::uint64_t body_bytes = 0;

  // The first header of that name, compared without case; nothing when absent.
  std::optional<std::string_view> header_named(std::string_view name) const;
  // The value of a {name} of the route's path. Throws errc::internal when the route has no such name.
  const std::string& path_parameter(std::string_view name) const;
  std::optional<std::string_view> query_parameter(std::string_view name) const;
};

// Events sent one by one until it ends or the client leaves (text/event-stream).
class event_source {
 public:
  struct event {
    std::string name;  // "progress"
    std::string data;  // without line breaks
    std::string id;    // empty: none
  };
  virtual ~event_source() = default;
  // Asked every poll_interval on the worker pool: what is new since the last call, oldest first; must not block.
  virtual std::vector<event> poll() = 0;
  // Nothing more will come.
  virtual bool ended() const = 0;
};

// A body that is made while it is sent.
class body_source {
 public:
  virtual ~body_source() = default;
  // So many bytes it has, which the head of the answer says.
  virtual std::uint64_t size() const = 0;
  // The next of them: fills into, but for the last time. On the worker pool, one call at a time; who throws has the
  // connection closed, as the head has left.
  virtual std::size_t read(std::span<char> into) = 0;
};

struct response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<header> headers = {};  // beside Date, Server, Content-Type, Content-Length, X-Request-Id
  std::string body = {};
  std::filesystem::path file = {};            // sent instead of body when not empty
  bool remove_file = false;                   // after it was sent
  std::shared_ptr<event_source> events = {};  // sent instead of body when not null
  std::shared_ptr<body_source> source = {};   // the same
};

}  // namespace eunomia::wire::http
