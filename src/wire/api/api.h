#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "wire/api/service.h"
#include "wire/api/table.h"
#include "wire/http/route.h"

namespace eunomia::wire::api {

// Eunomia's own API under /api/v1, as a protocol of the one port.
class api final : public http::protocol {
 public:
  explicit api(services to);

  std::string_view name() const override { return "eunomia"; }
  bool claims(const http::request& head) const override;
  std::span<const http::route> routes() const override { return table_.routes(); }
  const http::authenticator& credentials() const override { return to_.tokens; }
  http::response answer_of(const http::request& head, const http::failure& why) const override;

  // The OpenAPI 3.1 document, as GET /api/v1/openapi.json answers it.
  const std::string& openapi() const { return openapi_; }

 private:
  services to_;
  route_table table_;
  std::string openapi_;
};

// Each adds the routes of one resource.
void add_datasets(route_table& table, const services& to);
void add_recommenders(route_table& table, const services& to);
void add_model_files(route_table& table, const services& to);
void add_answers(route_table& table, const services& to);
void add_ab_tests(route_table& table, const services& to);
void add_events(route_table& table, const services& to);
void add_metadata(route_table& table, const services& to);
void add_requests(route_table& table, const services& to);
void add_purposes(route_table& table, const services& to);
void add_decisions(route_table& table, const services& to);
void add_archives(route_table& table, const services& to);
void add_rectifications(route_table& table, const services& to);
void add_links(route_table& table, const services& to);
void add_jobs(route_table& table, const services& to);
void add_tokens(route_table& table, const services& to);
void add_access_keys(route_table& table, const services& to);
void add_buckets(route_table& table, const services& to);
void add_keys(route_table& table, const services& to);
void add_backups(route_table& table, const services& to);
void add_inventory(route_table& table, const services& to);
void add_retention(route_table& table, const services& to);
void add_audit(route_table& table, const services& to);

}  // namespace eunomia::wire::api
