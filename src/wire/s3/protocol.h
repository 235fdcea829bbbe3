#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "wire/aws/replay_window.h"
#include "wire/aws/sigv4_authenticator.h"
#include "wire/http/route.h"
#include "wire/s3/operations.h"

namespace eunomia::wire::s3 {

// S3, path-style: http://host:port/bucket/key.
class protocol final : public http::protocol {
 public:
  // window: of the signatures of all of AWS's protocols on the port. Both outlive it, and what the services name.
  protocol(services with, aws::key_lookup keys, aws::replay_window& window,
           aws::sigv4_authenticator::clock now = default_clock());

  std::string_view name() const override { return "s3"; }
  // What is signed for the service "s3", also where the signature is in the query; and what S3 was signed with before.
  bool claims(const http::request& head) const override;
  std::span<const http::route> routes() const override { return routes_; }
  const http::authenticator& credentials() const override { return credentials_; }
  http::response answer_of(const http::request& head, const http::failure& why) const override;

 private:
  using operation = http::response (*)(call& of);

  static aws::sigv4_authenticator::clock default_clock();
  void add(http::method verb, const char* path, operation run, http::body_policy body = {});
  http::response answered(operation run, http::request& request) const;

  const services with_;
  const aws::sigv4_authenticator credentials_;
  aws::replay_window& window_;
  const aws::sigv4_authenticator::clock now_;
  std::vector<http::route> routes_;
};

}  // namespace eunomia::wire::s3
