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

// A synchronous client for the command line: one request at a time, connection kept alive.
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
};

}  // namespace eunomia::wire::http
