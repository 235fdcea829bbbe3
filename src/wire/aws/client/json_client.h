#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "wire/aws/client/signed_caller.h"

namespace eunomia::wire::aws {

inline constexpr std::size_t max_listed = 100'000;  // things of one list, in all of its pages

// Asks a service that speaks AWS JSON 1.1, as its SDKs do.
class json_client {
 public:
  // target_prefix: "AmazonPersonalize". The rest as signed_caller.
  json_client(std::string target_prefix, service_endpoint at, credentials with, std::function<void()> between = {},
              const patience& how = {});

  // Throws as signed_caller::call, and errc::unavailable for an answer that is no JSON.
  core::json_value call(std::string_view operation, const core::json_value& input);
  // The elements of one member of all pages of a list: {"nextToken"} until there is none. Throws
  // errc::resource_exhausted beyond max_listed.
  std::vector<core::json_value> list(std::string_view operation, const core::json_value& input,
                                     std::string_view member);

  const service_endpoint& at() const { return caller_.at(); }

 private:
  std::string target_prefix_;
  signed_caller caller_;
};

}  // namespace eunomia::wire::aws
