#include "wire/api/buckets.h"

#include <fmt/format.h>

#include "core/time.h"
#include "object/on_record.h"
#include "wire/api/api.h"
#include "wire/api/people.h"

namespace eunomia::wire::api {

using http::method;

bucket_list list_buckets(const object::object_store& objects) {
  bucket_list list;
  for (const object::bucket_record& each : objects.buckets()) {
    bucket_view& view = list.buckets.emplace_back();
    view.name = each.name;
    view.created_at = core::format_iso8601(each.created_at);
    for (const object::grant& one : objects.grants_of(each.name)) {
      view.access_keys.push_back({one.access_key, one.may_write, core::format_iso8601(one.granted_at)});
    }
  }
  return list;
}

void add_buckets(route_table& table, const services& to) {
  const auto who = http::access::roles(http::role::privacy_officer, http::role::engineer);
  const auto administrators = http::access::roles(http::role::administrator);
  table.query<nothing, bucket_list>(
      {method::get, "/api/v1/buckets", who, "buckets", "Buckets of objects, and which access keys may use them"},
      [to](const nothing&, const http::request&) { return list_buckets(to.objects); });
  table.body<bucket_permission, bucket_list>(
      {method::put, "/api/v1/buckets/{bucket}/access-keys/{access_key}", administrators, "buckets",
       "Allow a bucket to an access key whose role does not use all"},
      [to](const bucket_permission& wanted, const http::request& in) {
        const std::string& key = in.path_parameter("access_key");
        if (!to.access_keys.find(key)) {
          throw core::error(core::errc::not_found,
                            fmt::format("there is no access key {}, or it has expired or is revoked", key));
        }
        object::allow_on_record(to.objects, to.audit, in.path_parameter("bucket"), key, wanted.write, caller_of(in));
        return list_buckets(to.objects);
      });
  table.query<nothing, nothing>({method::delete_, "/api/v1/buckets/{bucket}/access-keys/{access_key}", administrators,
                                 "buckets", "Take back what an access key was allowed"},
                                [to](const nothing&, const http::request& in) {
                                  object::disallow_on_record(to.objects, to.audit, in.path_parameter("bucket"),
                                                             in.path_parameter("access_key"), caller_of(in));
                                  return nothing{};
                                });
}

}  // namespace eunomia::wire::api
