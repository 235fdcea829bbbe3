#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http/message.h"

namespace eunomia::wire::http {

struct client_options {
  std::string url;                              // "http://127.0.0.1:8080" or https://, without a path
  std::string token;                            // bearer
  std::filesystem::path certificate_authority;  // PEM; empty: the system's
  std::chrono::seconds timeout{60};             // without a byte
};

// A request whose headers are the caller's: of services that sign them.
struct plain_request {
  method verb = method::get;
  std::string target;
  std::vector<header> headers;      // all that are sent beside User-Agent, Accept and Content-Length; Host too
  std::string body = {};            // in memory,
  std::filesystem::path file = {};  // or file_bytes of a file from file_at on, when this is not empty
  std::uint64_t file_at = 0;
  std::uint64_t file_bytes = 0;
  std::filesystem::path into = {};  // a file that takes the body of an answer with status 200; empty: memory does
};

// A synchronous client for the command line, and for services that this one asks: one request at a time, connection
// kept alive.
class client {
 public:
  // Throws errc::invalid_argument for a URL it cannot use.
  static std::unique_ptr<client> open(const client_options& options);
  virtual ~client() = default;

  struct answer {
    unsigned status = 0;
    std::vector<header> headers;
    std::string body;
  };
  // Throws errc::unavailable when there is no answer.
  virtual answer send(method verb, const std::string& target, const std::string& body = {},
                      std::string_view content_type = "application/json") = 0;
  // Sends a file as the body; sent(bytes) tells the progress.
  virtual answer send_file(method verb, const std::string& target, const std::filesystem::path& body,
                           std::string_view content_type, const std::function<void(std::uint64_t)>& sent) = 0;
  // Receives a body into a file, as it arrives. A status other than 200 leaves no file, and its body in the answer.
  // With a body of its own, the request is a POST of JSON.
  virtual answer receive_file(const std::string& target, const std::filesystem::path& into,
                              const std::string& body = {}) = 0;

  // Sends exactly these headers, without the token. A status other than 200 leaves no file, and its body in the answer.
  // max_bytes: of an answer in memory. Throws as send() does, and errc::resource_exhausted for a longer answer.
  virtual answer perform(const plain_request& what, std::size_t max_bytes) = 0;
  // What a Host header says: "127.0.0.1:8080".
  virtual const std::string& authority() const = 0;
};

}  // namespace eunomia::wire::http
