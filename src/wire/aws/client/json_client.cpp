#include "wire/aws/client/json_client.h"

#include <fmt/format.h>

#include "core/json.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {

namespace {

using core::errc;
using core::json_value;

std::string text_in(const json_value& object, std::string_view name) {
  const json_value* const found = object.type() == json_value::kind::object ? object.find(name) : nullptr;
  return found != nullptr && found->type() == json_value::kind::string ? found->text() : std::string();
}

// "com.amazonaws.personalize#ResourceNotFoundException:http://…" -> "ResourceNotFoundException".
std::string bare_name(std::string name) {
  if (const std::size_t hash = name.find('#'); hash != std::string::npos) {
    name.erase(0, hash + 1);
  }
  return name.substr(0, name.find(':'));
}

named_error json_error_in(const http::client::answer& answer) {
  named_error found;
  try {
    const json_value body = core::parse_json(answer.body);
    found.name = bare_name(text_in(body, "__type"));
    found.message = text_in(body, "message");
    if (found.message.empty()) {
      found.message = text_in(body, "Message");
    }
  } catch (const core::error&) {
    found = {};  // a proxy's page, say: the status tells
  }
  for (const http::header& each : answer.headers) {
    if (found.name.empty() && http::equal_ignoring_case(each.name, "x-amzn-errortype")) {
      found.name = bare_name(each.value);
    }
  }
  return found;
}

json_value with_token(const json_value& input, const std::string& token) {
  json_value made = json_value::of_object();
  for (std::size_t i = 0; i < input.names().size(); ++i) {
    if (input.names()[i] != "nextToken") {
      made.append(input.names()[i], input.elements()[i]);
    }
  }
  made.append("nextToken", json_value::of_string(token));
  return made;
}

}  // namespace

json_client::json_client(std::string target_prefix, service_endpoint at, credentials with,
                         std::function<void()> between, const patience& how)
    : target_prefix_(std::move(target_prefix)),
      caller_(std::move(at), std::move(with), json_error_in, std::move(between), how) {}

json_value json_client::call(std::string_view operation, const json_value& input) {
  http::plain_request request;
  request.verb = http::method::post;
  request.target = "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", fmt::format("{}.{}", target_prefix_, operation)}};
  request.body = core::write_json(input);
  const http::client::answer answer = caller_.call(request, operation);
  try {
    return answer.body.empty() ? json_value::of_object() : core::parse_json(answer.body);
  } catch (const core::error&) {
    throw core::error(errc::unavailable,
                      fmt::format("{} of {} at {} answered no JSON; check the URL", operation, at().service, at().url));
  }
}

std::vector<json_value> json_client::list(std::string_view operation, const json_value& input,
                                          std::string_view member) {
  std::vector<json_value> all;
  json_value question = input;
  while (true) {
    const json_value page = call(operation, question);
    if (const json_value* const found = page.find(member)) {
      all.insert(all.end(), found->elements().begin(), found->elements().end());
    }
    if (all.size() > max_listed) {
      throw core::error(errc::resource_exhausted, fmt::format("{} of {} lists more than max_listed = {} things",
                                                              operation, at().url, max_listed));
    }
    const std::string next = text_in(page, "nextToken");
    if (next.empty()) {
      return all;
    }
    // A service that gives the same token again would be asked for ever.
    if (next == text_in(question, "nextToken")) {
      throw core::error(errc::unavailable, fmt::format("{} of {} gave the same nextToken twice", operation, at().url));
    }
    question = with_token(question, next);
  }
}

}  // namespace eunomia::wire::aws
