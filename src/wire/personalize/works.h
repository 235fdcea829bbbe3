#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "job/jobs.h"
#include "store/sql/database.h"
#include "wire/personalize/resource_cache.h"
#include "wire/personalize/resources.h"

namespace eunomia::wire::personalize {

// What clients wait for by a status. Of all but deletion jobs: "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE",
// "CREATE FAILED".
struct work_statuses {
  std::string_view waits = "CREATE PENDING";
  std::string_view runs = "CREATE IN_PROGRESS";
  std::string_view done = "ACTIVE";
  std::string_view failed = "CREATE FAILED";
  std::string_view stopping = "CREATE STOPPING";
  std::string_view stopped = "CREATE STOPPED";
};

// Work of seconds to hours that an operation begins and clients wait for by the status of what they made: a durable job
// of the kind "personalize-<kind of resource>" for each, whose end the resource's status follows. Any thread.
class works {
 public:
  // Does the work, and changes what is shown of the resource and what we know of it. As job::handler; what it throws
  // becomes the failure's reason.
  using run = std::function<void(resource& of, core::job& job)>;

  // All must outlive it.
  works(resource_cache& known, const resources& made, job::jobs& jobs) : known_(known), made_(made), jobs_(jobs) {}

  // Before jobs.start(). lane: as job::jobs::add_kind.
  void add(resource_kind kind, std::string_view lane, run how, const work_statuses& statuses = {});

  // The resource and its job, in one transaction, with its tags. Throws as resources::add and job::jobs::submit.
  // also: what else belongs to it.
  using also_made = std::function<void(store::sql::transaction& in)>;
  void begin(resource made, const std::vector<tag>& tags = {}, const also_made& also = {});
  // Of a resource whose work waits or runs: the job is cancelled. Throws errc::failed_precondition when it has ended.
  void stop(const resource& of);

  // Resources whose job ended without them, because the server did not survive it too often or it is not there any
  // more, have failed. After jobs.start().
  void mend();

 private:
  struct kind_of_work {
    run how;
    work_statuses statuses;
  };

  void carry_out(resource_kind kind, const job::record& what, core::job& job);
  void keep(const resource& changed);
  void keep_failure(resource& of, const work_statuses& statuses, std::string_view why);

  resource_cache& known_;
  const resources& made_;
  job::jobs& jobs_;
  std::map<resource_kind, kind_of_work> kinds_;
};

}  // namespace eunomia::wire::personalize
