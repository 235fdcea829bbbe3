#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "wire/aws/signer.h"
#include "wire/http/client.h"

namespace eunomia::wire::aws {

// A service that is asked.
struct service_endpoint {
  std::string url;                                   // "https://personalize.eu-west-1.amazonaws.com"
  std::string region;                                // "eu-west-1"
  std::string service;                               // the signing name
  std::filesystem::path certificate_authority = {};  // PEM; empty: the system's
};

// How often and how patiently a request is tried. Between tries passes half to all of first_wait, doubled each time.
struct patience {
  unsigned tries = 8;          // where the service says that there is too much, or that it failed
  unsigned connect_tries = 3;  // where there was no answer
  std::chrono::milliseconds first_wait{250};
  std::chrono::milliseconds longest_wait{20'000};
  std::chrono::seconds answer_within{120};  // without a byte
};

// What a service refused with: its own name of the error, and the kind that it is for us.
class service_error final : public core::error {
 public:
  service_error(core::errc code, std::string name, const std::string& message)
      : error(code, message), name_(std::move(name)) {}
  const std::string& name() const noexcept { return name_; }  // "ResourceAlreadyExistsException", "NoSuchKey"

 private:
  std::string name_;
};

// The error in the body of an answer, as the service names it.
struct named_error {
  std::string name;
  std::string message;
};

// Signs requests to one service and sends them, one at a time; tries again, signed anew, where it is told to wait, or
// where there was no answer. For one thread.
class signed_caller {
 public:
  using error_reader = named_error (*)(const http::client::answer&);
  // between: called while it waits, some times a second; what it throws ends the call (core::job::check).
  signed_caller(service_endpoint at, credentials with, error_reader read_error, std::function<void()> between = {},
                const patience& how = {});

  // what.headers beside Host and those of the signature; an answer of a status below 300. what: for messages, such as
  // the name of the operation. Throws service_error, or errc::unavailable when there is no answer; each names the
  // service, its URL and the remedy.
  http::client::answer call(const http::plain_request& request, std::string_view what);

  const service_endpoint& at() const { return at_; }

 private:
  http::plain_request signed_now(const http::plain_request& request) const;
  void wait(unsigned before_try) const;
  [[noreturn]] void refuse(const http::client::answer& answer, std::string_view what) const;

  service_endpoint at_;
  credentials with_;
  error_reader read_error_;
  std::function<void()> between_;
  patience how_;
  std::unique_ptr<http::client> client_;
};

}  // namespace eunomia::wire::aws
