#include "migrate/migration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "core/error.h"
#include "migrate/blueprint.h"
#include "migrate/json_members.h"

namespace eunomia::migrate {

namespace {

using core::errc;
using core::json_value;

// Why something is left out.
struct left_out {
  std::string why;
};

// With these the rest would fail too.
bool ends_everything(errc code) {
  return code == errc::cancelled || code == errc::permission_denied || code == errc::unavailable;
}

class run {
 public:
  run(source& from, const destination& to, const migration_options& how, core::job& job)
      : from_(from), to_(to), how_(how), job_(job) {
    report_.source = from.where();
  }

  migration_report carry_out() {
    there_ = from_.read(how_.only, job_);
    // All of it: a schema or a campaign of the same name may be another group's.
    here_ = read_inventory(to_.personalize, {}, [&](std::uint64_t n) { job_.report("read the server", n, 0); });
    make_all({kind::schema, kind::dataset_group, kind::dataset});
    if (how_.data) {
      copy_all();
    }
    make_all({kind::filter, kind::event_tracker, kind::solution});
    if (how_.train) {
      train_all();
    }
    make_all({kind::campaign, kind::recommender, kind::metric_attribution});
    for (const resource_result& one : report_.resources) {
      ++report_.counts[name_of(one.became)];
    }
    for (const data_result& one : report_.data) {
      ++report_.counts[name_of(one.became)];
    }
    return std::move(report_);
  }

 private:
  static const char* name_of(outcome became) { return boost::describe::enum_to_string(became, ""); }

  void make_all(std::initializer_list<kind> kinds) {
    for (const kind is : kinds) {
      for (const thing& one : there_.things()) {
        if (one.is == is) {
          job_.check();
          report_.resources.push_back(become(one));
          job_.report("make what is missing", report_.resources.size(), there_.things().size());
        }
      }
    }
  }

  // What became of it, or why nothing did; what ends everything is thrown on.
  template <class Result, class Act>
  static Result told(Result result, const Act& act) {
    try {
      act(result);
    } catch (const left_out& reason) {
      result.became = outcome::skipped;
      result.details = reason.why;
    } catch (const core::error& problem) {
      if (ends_everything(problem.code())) {
        throw;
      }
      result.became = outcome::failed;
      result.details = problem.what();
    }
    return result;
  }

  resource_result become(const thing& one) {
    resource_result result;
    result.kind = spelling_of(one.is).words;
    result.name = one.name;
    result.group = one.group;
    return told(std::move(result), [&](resource_result& of) {
      if (const thing* const ours = here_.find(one.identity())) {
        compare(one, *ours, of);
      } else {
        create(one, of);
      }
    });
  }

  void compare(const thing& one, const thing& ours, resource_result& result) {
    result.arn = ours.arn;
    if (ours.status().ends_with("FAILED")) {
      result.became = outcome::failed;
      result.details = fmt::format("it is here and {}: {}; delete it and run this again", ours.status(),
                                   text_of(ours.described, "failureReason"));
      return;
    }
    const auto differing = differences(one, there_, ours, here_);
    result.became = differing.empty() ? outcome::matched : outcome::different;
    if (!differing.empty()) {
      result.details = fmt::format("differs in {}; it stays as it is", fmt::join(differing, ", "));
    }
    arns_here_[one.arn] = ours.arn;
    note_tracking_id(one.is, ours.described, result);
  }

  void create(const thing& one, resource_result& result) {
    const std::string status = one.status();
    if (!status.empty() && status != "ACTIVE" && status != "INACTIVE") {
      throw left_out{fmt::format("it is {} at the source", status)};
    }
    const spelling& how = spelling_of(one.is);
    json_value input = creation_of(one, [this](const std::string& arn) { return arn_here(arn); });
    if (one.is == kind::campaign) {
      input = with(std::move(input), "solutionVersionArn", version_for(one));
    }
    const json_value answer = to_.personalize.call(fmt::format("Create{}", how.pascal), input);
    result.arn = text_of(answer, std::string(how.camel) + "Arn");
    wait_until_active(to_.personalize, how.pascal, how.camel, result.arn, job_);
    arns_here_[one.arn] = result.arn;
    if (one.is == kind::recommender && status == "INACTIVE") {
      to_.personalize.call("StopRecommender", object_of("recommenderArn", result.arn));
    }
    result.became = outcome::created;
    note_tracking_id(one.is, answer, result);
  }

  // Clients that send events name it: it is another here.
  static void note_tracking_id(kind is, const json_value& shown, resource_result& result) {
    if (is == kind::event_tracker) {
      result.details +=
          fmt::format("{}trackingId here: {}", result.details.empty() ? "" : "; ", text_of(shown, "trackingId"));
    }
  }

  std::string arn_here(const std::string& arn) const {
    const auto found = arns_here_.find(arn);
    if (found != arns_here_.end()) {
      return found->second;
    }
    const thing* const needed = there_.find_arn(arn);
    throw left_out{needed == nullptr ? fmt::format("it names {}, which the source does not have", arn)
                                     : fmt::format("it needs {} \"{}\", which is not here",
                                                   spelling_of(needed->is).words, needed->name)};
  }

  // What a campaign answers with here: the newest version of its solution, and those after it where it follows them.
  std::string version_for(const thing& campaign) {
    const std::string solution = arn_here(solution_arn_of(text_of(campaign.described, "solutionVersionArn")));
    const std::string newest = trained_version_of(solution);
    if (newest.empty()) {
      throw left_out{"its solution has no trained version here: run this again with --train"};
    }
    const json_value* const config = member_of(campaign.described, "campaignConfig");
    return config != nullptr && flag_of(*config, "syncWithLatestSolutionVersion") ? solution + "/$LATEST" : newest;
  }

  // The last of the list that is ACTIVE, which this server gives in the order in which they were made; empty: none is.
  std::string trained_version_of(const std::string& solution) {
    std::string newest;
    for (const json_value& one :
         to_.personalize.list("ListSolutionVersions", object_of("solutionArn", solution), "solutionVersions")) {
      if (text_of(one, "status") == "ACTIVE") {
        newest = text_of(one, "solutionVersionArn");
      }
    }
    return newest;
  }

  void train_all() {
    for (const thing& one : there_.things()) {
      const auto here = arns_here_.find(one.arn);
      if (one.is != kind::solution || here == arns_here_.end()) {
        continue;
      }
      resource_result result{"solution version", one.name, one.group, outcome::matched, "", ""};
      try {
        result.arn = trained_version_of(here->second);
        if (result.arn.empty()) {
          const json_value answer =
              to_.personalize.call("CreateSolutionVersion", object_of("solutionArn", here->second));
          result.arn = text_of(answer, "solutionVersionArn");
          job_.report(fmt::format("train {}", one.name), 0, 0);
          wait_until_active(to_.personalize, "SolutionVersion", "solutionVersion", result.arn, job_);
          result.became = outcome::created;
        }
      } catch (const core::error& problem) {
        if (ends_everything(problem.code())) {
          throw;
        }
        result.became = outcome::failed;
        result.details = problem.what();
      }
      report_.resources.push_back(std::move(result));
    }
  }

  void copy_all() {
    for (const thing& one : there_.things()) {
      if (one.is == kind::dataset) {
        report_.data.push_back(copied(one));
      }
    }
  }

  data_result copied(const thing& one) {
    data_result result;
    result.group = one.group;
    result.type = one.dataset_type();
    return told(std::move(result),
                [&](data_result& of) { of = copy_data(from_, one, arn_here(one.arn), to_, how_.rows, job_); });
  }

  source& from_;
  const destination& to_;
  const migration_options& how_;
  core::job& job_;
  inventory there_;
  inventory here_;
  std::map<std::string, std::string> arns_here_;  // by the ARN there
  migration_report report_;
};

}  // namespace

migration_report migrate(source& from, const destination& to, const migration_options& how, core::job& job) {
  return run(from, to, how, job).carry_out();
}

}  // namespace eunomia::migrate
