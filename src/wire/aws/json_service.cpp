#include "wire/aws/json_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/time.h"
#include "wire/aws/claim.h"

namespace eunomia::wire::aws {

namespace {

using core::errc;
using http::role;

// AWS takes 1 MB, and PutItems 10 items of 32,000 characters.
constexpr std::uint64_t body_limit = std::uint64_t{2} << 20;
constexpr std::size_t max_values = 200'000;
constexpr std::string_view target_header = "X-Amz-Target";

// The exception and the status that AWS has for it.
struct named {
  std::string_view type;
  unsigned status;
};

named exception_of(errc code) {
  switch (code) {
    case errc::invalid_argument: return {"InvalidInputException", 400};
    case errc::not_found: return {"ResourceNotFoundException", 404};
    case errc::already_exists: return {"ResourceAlreadyExistsException", 400};
    case errc::failed_precondition: return {"ResourceInUseException", 409};
    case errc::permission_denied: return {"AccessDeniedException", 403};
    case errc::resource_exhausted: return {"LimitExceededException", 400};
    case errc::cancelled:
    case errc::unavailable: return {"ServiceUnavailableException", 503};
    case errc::corrupt:
    case errc::internal: break;
  }
  return {"InternalServerError", 500};
}

// The same as that operation says it: clients read an exception that is not of its model as one that they do not know.
// ListCampaigns and PutEvents have InvalidInputException for what does not exist.
named exception_of(errc code, const operation& asked) {
  constexpr named invalid = {"InvalidInputException", 400};
  const named as = exception_of(code);
  const bool is_of_models = code == errc::not_found || code == errc::already_exists ||
                            code == errc::failed_precondition || code == errc::resource_exhausted;
  return is_of_models && !asked.may_answer(as.type) && asked.may_answer(invalid.type) ? invalid : as;
}

// What the port itself refuses.
named exception_of(const http::failure& why) {
  if (why.code.ends_with("Exception")) {
    return {why.code, why.status};  // of a refusal of the signature
  }
  if (why.status == 401 || why.status == 403) {
    return {"AccessDeniedException", 403};
  }
  switch (why.status) {
    case 404:
    case 405: return {"UnknownOperationException", 404};
    case 413: return {"RequestEntityTooLargeException", 413};
    case 429: return {"ThrottlingException", 429};
    case 503: return {"ServiceUnavailableException", 503};
    default: break;
  }
  return why.status >= 500 ? named{"InternalServerError", why.status} : named{"ValidationException", 400};
}

// AWS's names say it.
bool changes_something(std::string_view operation_name) {
  return !operation_name.starts_with("Describe") && !operation_name.starts_with("List") &&
         !operation_name.starts_with("Get");
}

std::string_view path_of(const http::request& head) {
  return std::string_view(head.path);
}

}  // namespace

json_service::json_service(const service_model& of, const http::authenticator& who_calls, replay_window* used)
    : model_(of), who_calls_(who_calls), used_(used) {
  if (by_target()) {
    // Who may call which operation is known when its name is: any role gets so far.
    routes_.push_back(
        {.verb = http::method::post,
         .path = "/",
         .who = http::access::roles(role::privacy_officer, role::engineer, role::annotator, role::service),
         .run = [this](http::request& head) { return run_target(head); },
         .body = {http::body_policy::kind::memory, body_limit}});
  }
}

void json_service::add_json(std::string_view operation_name, http::access who, handler run) {
  const operation* const what = model_.find(operation_name);
  if (what == nullptr || all_.contains(operation_name)) {
    throw core::error(errc::internal, fmt::format("{}: the operation {} is {}", model_.name, operation_name,
                                                  what == nullptr ? "not in the model" : "there already"));
  }
  const auto& one =
      *all_.emplace(operation_name, spoken{what, changes_something(operation_name), who, std::move(run)}).first;
  if (!by_target()) {
    routes_.push_back({.verb = *http::method_named(what->verb),
                       .path = std::string(what->path),
                       .who = who,
                       .run = [this, &to = one.second](http::request& head) { return this->run(to, head); },
                       .body = {http::body_policy::kind::memory, body_limit}});
  }
}

std::vector<std::string_view> json_service::missing() const {
  std::vector<std::string_view> names;
  for (const operation& one : model_.operations) {
    if (!all_.contains(one.name)) {
      names.push_back(one.name);
    }
  }
  return names;
}

bool json_service::claims(const http::request& head) const {
  if (by_target()) {
    const auto target = head.header_named(target_header);
    return target && target->size() > model_.target_prefix.size() && target->starts_with(model_.target_prefix) &&
           (*target)[model_.target_prefix.size()] == '.';
  }
  return std::ranges::find(model_.operations, path_of(head), &operation::path) != model_.operations.end();
}

http::response json_service::run_target(const http::request& head) const {
  const std::string_view target = head.header_named(target_header).value_or("");
  const std::string_view wanted = target.substr(std::min(target.size(), model_.target_prefix.size() + 1));
  const auto found = all_.find(wanted);
  if (found == all_.end()) {
    return refused(head, "UnknownOperationException", fmt::format("there is no operation {}", wanted), 400);
  }
  const spoken& one = found->second;
  if (!one.who.is_open() && !(head.caller && one.who.allows(head.caller->as))) {
    return refused(head, "AccessDeniedException",
                   fmt::format("User: {} is not authorized to perform: personalize:{}",
                               head.caller ? head.caller->id : "anonymous", wanted),
                   400);
  }
  return run(one, head);
}

http::response json_service::run(const spoken& one, const http::request& head) const {
  core::json_value input;
  try {
    input = core::parse_json(head.body.empty() ? std::string_view("{}") : std::string_view(head.body),
                             {.max_values = max_values});
  } catch (const core::error& problem) {
    return refused(head, "SerializationException", problem.what(), 400);
  }
  if (const auto fault = check_input(model_, *one.what, input)) {
    return refused(head, fault->type, fault->message, 400);
  }
  try {
    return run_once(one, input, head);
  } catch (const exception& problem) {
    return refused(head, problem.type, problem.what(), problem.status);
  } catch (const core::error& problem) {
    const named as = exception_of(problem.code(), *one.what);
    if (as.status == 500) {
      throw;  // the port hides what it says, and logs it
    }
    return refused(head, as.type, problem.what(), by_target() && as.status < 500 ? 400 : as.status);
  }
}

http::response json_service::run_once(const spoken& one, const core::json_value& input,
                                      const http::request& head) const {
  if (used_ == nullptr || !one.changes) {
    return answered(one.run(input, head));
  }
  const auto signed_by = read_claim(head);
  if (const refusal* const why = std::get_if<refusal>(&signed_by)) {
    throw core::error(errc::internal, fmt::format("a request without a signature was let in: {}", why->message));
  }
  auto use = used_->begin(std::get<claim>(signed_by).signature, core::now_ms());
  if (!use) {
    const error_name name = json_error_of(refusal_kind::already_used);
    throw exception(std::string(name.code), "This request was made before; sign it anew", name.status);
  }
  http::response answer = answered(one.run(input, head));
  use->keep();
  return answer;
}

http::response json_service::answered(std::string body) const {
  return {.status = 200,
          .content_type = by_target() ? "application/x-amz-json-1.1" : "application/json",
          .body = std::move(body)};
}

http::response json_service::refused(const http::request& head, std::string_view type, std::string_view message,
                                     unsigned status) const {
  core::json_writer out;
  out.begin_object();
  out.name("__type");
  out.string(type);
  out.name("message");
  out.string(message);
  out.end_object();
  http::response answer = answered(out.text());
  answer.status = status;
  answer.headers.push_back({"x-amzn-ErrorType", std::string(type)});
  answer.headers.push_back({"x-amzn-RequestId", head.id});
  return answer;
}

http::response json_service::answer_of(const http::request& head, const http::failure& why) const {
  const named as = exception_of(why);
  return refused(head, as.type, why.message, as.status);
}

}  // namespace eunomia::wire::aws
