#include "wire/api/api.h"

namespace eunomia::wire::api {

namespace {

struct server_view {
  std::string name;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(server_view, (), (name, version))

}  // namespace

api::api(services to) : to_(std::move(to)) {
  using http::role;
  const auto everybody = http::access::roles(role::privacy_officer, role::engineer, role::annotator, role::service);
  table_.query<nothing, server_view>({http::method::get, "/api/v1", everybody, "server", "What answers here"},
                                     [version = to_.version](const nothing&, const http::request&) {
                                       return server_view{"eunomia", version};
                                     });
  add_datasets(table_, to_);
  add_recommenders(table_, to_);
  add_model_files(table_, to_);
  add_answers(table_, to_);
  add_ab_tests(table_, to_);
  add_events(table_, to_);
  add_metadata(table_, to_);
  add_requests(table_, to_);
  add_purposes(table_, to_);
  add_decisions(table_, to_);
  add_archives(table_, to_);
  add_rectifications(table_, to_);
  add_links(table_, to_);
  add_jobs(table_, to_);
  add_tokens(table_, to_);
  add_access_keys(table_, to_);
  add_buckets(table_, to_);
  add_keys(table_, to_);
  add_backups(table_, to_);
  add_inventory(table_, to_);
  add_retention(table_, to_);
  add_audit(table_, to_);
  const operation document{http::method::get, "/api/v1/openapi.json", everybody, "server", "This document"};
  http::route route{.verb = document.verb, .path = document.path, .who = document.who, .run = [this](http::request&) {
                      http::response out;
                      out.body = openapi_;
                      return out;
                    }};
  route.where = http::execution::inline_;
  table_.raw<nothing, core::json_value>(document, {}, {}, std::move(route));
  openapi_ = table_.openapi(to_.version);
}

bool api::claims(const http::request& head) const {
  return head.path == "/api/v1" || head.path.starts_with("/api/v1/");
}

http::response api::answer_of(const http::request& head, const http::failure& why) const {
  return error_response(head, why);
}

}  // namespace eunomia::wire::api
