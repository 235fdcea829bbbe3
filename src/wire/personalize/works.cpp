#include "wire/personalize/works.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/utf8.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
namespace sql = store::sql;

constexpr std::string_view job_member = "job";
constexpr std::size_t longest_reason = 1000;

struct work_arguments {
  std::string arn;
};
BOOST_DESCRIBE_STRUCT(work_arguments, (), (arn))

std::string kind_of_job(resource_kind kind) {
  return fmt::format("personalize-{}", name_of(kind));
}

std::int64_t job_of(const resource& one) {
  return static_cast<std::int64_t>(number_of(one.ours, job_member).value_or(0));
}

}  // namespace

void works::add(resource_kind kind, std::string_view lane, run how, const work_statuses& statuses) {
  kinds_.emplace(kind, kind_of_work{std::move(how), statuses});
  jobs_.add_kind(kind_of_job(kind), std::string(lane), [this, kind](const job::record& what, core::job& job) {
    carry_out(kind, what, job);
    return std::string("{}");
  });
}

void works::begin(resource made, const std::vector<tag>& tags, const also_made& also) {
  made.status = kinds_.at(made.kind).statuses.waits;
  known_.change([&](sql::transaction& in) {
    resource one = made;
    const std::int64_t id = jobs_.submit(in, kind_of_job(one.kind), fmt::format("{} {}", words_for(one.kind), one.name),
                                         core::write_json(work_arguments{one.arn}));
    one.ours = with(one.ours, job_member, of_integer(id));
    const std::string arn = one.arn;
    resources::add(in, std::move(one));
    resources::add_tags(in, arn, tags);
    if (also) {
      also(in);
    }
  });
  jobs_.wake();
}

void works::keep(const resource& changed) {
  known_.change([&](sql::transaction& in) { resources::update(in, changed); });
}

void works::keep_failure(resource& of, const work_statuses& statuses, std::string_view why) {
  of.status = statuses.failed;
  of.failure_reason = core::storable_text(why, longest_reason);
  keep(of);
}

void works::carry_out(resource_kind kind, const job::record& what, core::job& job) {
  const auto arn = core::read_json<work_arguments>(what.arguments).arn;
  auto found = made_.find_if_there(arn);
  const kind_of_work& how = kinds_.at(kind);
  if (!found || found->status == how.statuses.done) {
    return;  // deleted meanwhile; or done by an attempt that was killed before its job ended
  }
  found->status = how.statuses.runs;
  keep(*found);
  try {
    how.how(*found, job);
    found->status = how.statuses.done;
    found->failure_reason.clear();
    keep(*found);
  } catch (const core::error& problem) {
    if (problem.code() != errc::cancelled) {
      // Without values of anybody's data: it rests in a table that is about nobody.
      keep_failure(*found, how.statuses, problem.kept_message());
    } else if (jobs_.find(what.id).cancel_requested) {
      found->status = how.statuses.stopped;
      keep(*found);
    }  // else the server stops, and the next start goes on
    throw;
  } catch (const std::exception&) {
    keep_failure(*found, how.statuses, "An internal error occurred; the server's log says more.");
    throw;
  }
}

void works::stop(const resource& of) {
  const work_statuses& statuses = kinds_.at(of.kind).statuses;
  // What the work says of itself meanwhile stands: a status is changed from what it is now, never from what it was.
  const auto move_on = [&](std::initializer_list<std::string_view> from, std::string_view to) {
    std::optional<std::string> otherwise;
    known_.change([&](sql::transaction& in) {
      resource now = resources::find(in, of.kind, of.arn);
      const bool may = std::ranges::find(from, now.status) != from.end();
      otherwise = may ? std::nullopt : std::optional(now.status);
      if (may) {
        now.status = to;
        resources::update(in, now);
      }
    });
    return otherwise;
  };
  if (const auto status = move_on({statuses.waits, statuses.runs}, statuses.stopping)) {
    throw core::error(errc::failed_precondition,
                      fmt::format("{} is {}: only what is being created can be stopped", of.arn, *status));
  }
  try {
    if (jobs_.cancel(job_of(of)).is == job::state::cancelled) {
      move_on({statuses.stopping}, statuses.stopped);  // it never began
    }
  } catch (const core::error& problem) {
    if (problem.code() != errc::failed_precondition) {
      throw;
    }
    // It ended between the two, and has said how.
  }
}

void works::mend() {
  for (const auto& [kind, how] : kinds_) {
    const std::array waiting = {how.statuses.waits, how.statuses.runs, how.statuses.stopping};
    for (resource& one : made_.with_status(kind, waiting)) {
      std::string why;
      try {
        const job::record job = jobs_.find(job_of(one));
        if (job.is == job::state::queued || job.is == job::state::running) {
          continue;
        }
        why = job.error_message;
      } catch (const core::error& problem) {
        why = problem.kept_message();
      }
      core::log::error("what a client waits for had failed", {{"kind", words_for(kind)}, {"why", why}});
      keep_failure(one, how.statuses, why.empty() ? std::string_view("It was interrupted.") : std::string_view(why));
    }
  }
}

}  // namespace eunomia::wire::personalize
