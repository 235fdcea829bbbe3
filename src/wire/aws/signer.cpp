#include "wire/aws/signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "wire/aws/names.h"

namespace eunomia::wire::aws {

namespace {

constexpr std::array<std::string_view, 9> changed_on_the_way = {"authorization", "connection", "expect",
                                                                "keep-alive",    "te",         "trailer",
                                                                "upgrade",       "user-agent", "transfer-encoding"};

credential_scope scope_of(const signing& how) {
  return {format_date(how.now).substr(0, 8), how.to.region, how.to.service};
}

std::vector<std::string> names_to_sign(const http::request& request) {
  std::vector<std::string> names;
  for (const http::header& each : request.headers) {
    std::string name = lower_case(each.name);
    if (std::find(changed_on_the_way.begin(), changed_on_the_way.end(), name) == changed_on_the_way.end()) {
      names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

signing_context context_of(const signing& how) {
  const credential_scope scope = scope_of(how);
  return {derived_key(how.with.secret, scope), format_date(how.now), scope.text()};
}

std::string sign(http::request& request, const signing& how, std::string_view payload_hash) {
  const signing_context context = context_of(how);
  request.headers.push_back({"X-Amz-Date", context.date});
  if (!how.with.security_token.empty()) {
    request.headers.push_back({"X-Amz-Security-Token", how.with.security_token});
  }
  if (how.to.service == s3_service) {
    request.headers.push_back({"X-Amz-Content-Sha256", std::string(payload_hash)});
  }
  const std::vector<std::string> names = names_to_sign(request);
  const std::string signature =
      context.sign_request(canonical_head(request, names, path_rules_of(how.to.service)), payload_hash);
  request.headers.push_back(
      {"Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                    how.with.access_key_id, context.scope, joined_names(names), signature)});
  return signature;
}

std::string presigned_target(const http::request& request, const signing& how, std::int64_t lifetime_s,
                             std::string_view payload_hash) {
  const signing_context context = context_of(how);
  const std::vector<std::string> names = names_to_sign(request);
  http::request presigned = request;
  const auto append = [&presigned](std::string_view name, std::string_view value) {
    presigned.target.append(presigned.target.find('?') == std::string::npos ? "?" : "&");
    presigned.target.append(name).append("=").append(percent_encoded(value));
  };
  append(query_name::algorithm, algorithm);
  append(query_name::credential, how.with.access_key_id + "/" + context.scope);
  append(query_name::date, context.date);
  append(query_name::signed_headers, joined_names(names));
  append(query_name::expires, std::to_string(lifetime_s));
  if (!how.with.security_token.empty()) {
    append(query_name::security_token, how.with.security_token);
  }
  append(query_name::signature,
         context.sign_request(canonical_head(presigned, names, path_rules_of(how.to.service)), payload_hash));
  return presigned.target;
}

}  // namespace eunomia::wire::aws
