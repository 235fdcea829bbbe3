// Backups of what the server holds, into its own folder of them.
#include "core/error.h"
#include "wire/api/api.h"
#include "wire/api/jobs.h"

namespace eunomia::wire::api {

using http::method;
using http::role;

void add_backups(route_table& table, const services& to) {
  table.query<nothing, job_view>({method::post, "/api/v1/backups", http::access::roles(role::administrator), "backups",
                                  "Make a backup of this moment in the server's folder for backups, as a job", 202},
                                 [to](const nothing&, const http::request&) {
                                   if (to.backup_kind.empty()) {
                                     throw core::error(
                                         core::errc::failed_precondition,
                                         "the server has no folder for backups: start it with --backup-folder");
                                   }
                                   return view_of(to.jobs.submit(to.backup_kind, "backup", "{}"));
                                 });
}

}  // namespace eunomia::wire::api
