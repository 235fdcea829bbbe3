// Data deletion jobs: everybody whom a file names is erased, in models too, with a certificate.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/json.h"
#include "recommend/import.h"
#include "recommend/import_reader.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/file_jobs.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using std::chrono::milliseconds;

constexpr auto kind = resource_kind::data_deletion_job;
constexpr std::string_view requests_member = "requests";  // ids of the rights requests
constexpr std::string_view caller_member = "caller";
constexpr std::size_t people_a_request = 10'000;
constexpr milliseconds look_interval{100};

// Takes up what the column USER_ID of a file says.
void take_users(const std::filesystem::path& file, core::job& job, std::set<std::string>& into) {
  const auto records = recommend::open_records(file, {});
  const auto& header = records->header();
  const auto column =
      std::ranges::find_if(header, [](const auto& name) { return recommend::upper(name) == "USER_ID"; });
  if (column == header.end()) {
    throw core::error(errc::invalid_argument, "Input CSV is missing the following columns: [USER_ID]");
  }
  const auto at = static_cast<std::size_t>(column - header.begin());
  store::table::record_block block;
  while (records->next(block)) {
    job.check();
    for (std::size_t row = 0; row < block.size(); ++row) {
      into.emplace(block.record(row)[at]);
    }
  }
}

// Of all files at a place, each once.
std::set<std::string> users_in(const house& in, const s3_location& from, core::job& job) {
  std::set<std::string> users;
  const job_folder folder(in);
  std::size_t number = 0;
  for (const std::string& key : files_at(in, from)) {
    const fetched_file file[] = {fetch(in, {from.bucket, key}, folder / std::to_string(number++))};
    read_as_origins(file, [&] { take_users(file[0].copy, job, users); });
  }
  return users;
}

std::vector<core::subject_handle> known_among(const house& in, const std::set<std::string>& users) {
  try {
    return in.erasures.people_named(in.user_space, std::vector<std::string>(users.begin(), users.end()));
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found) {
      throw;
    }
    return {};
  }
}

// Requests that a job began before it was interrupted.
std::vector<std::int64_t> requests_of(const resource& of) {
  std::vector<std::int64_t> ids;
  if (const json_value* const known = member_of(of.ours, requests_member)) {
    for (const json_value& one : known->elements()) {
      ids.push_back(core::read_json<std::int64_t>(one));
    }
  }
  return ids;
}

void erase(const house& in, resource& of, core::job& job) {
  std::vector<std::int64_t> ids = requests_of(of);
  const json_value& source = *member_of(of.shown, "dataSource");
  // Who was erased by an attempt before is not known any more, and is not counted twice.
  const auto people = known_among(in, users_in(in, s3_location::parse(required_text(source, "dataLocation")), job));
  const auto by = subject::actor::token(required_text(of.ours, caller_member));
  double deleted = number_of(of.shown, "numDeleted").value_or(0);
  for (std::size_t first = 0; first < people.size(); first += people_a_request) {
    const auto some = std::span(people).subspan(first, std::min(people_a_request, people.size() - first));
    deleted += static_cast<double>(some.size());
    resource noted = of;
    noted.shown = with(noted.shown, "numDeleted", of_integer(static_cast<std::int64_t>(deleted)));
    // With the request: after a kill nobody knows any more who these people were, only that it is to be waited for.
    const auto note = [&](store::sql::transaction& also, const subject::rights_request& made) {
      json_value requests = json_value::of_array();
      for (const std::int64_t id : ids) {
        requests.append(of_integer(id));
      }
      requests.append(of_integer(made.id));
      noted.ours = with(noted.ours, requests_member, std::move(requests));
      resources::update(also, noted);
    };
    ids.push_back(in.erasures.begin(some, by, {in.forget_pool, job}, note).id);
    of = std::move(noted);
    in.known.clear();
  }
  in.background.look_soon();
  for (const std::int64_t id : ids) {
    while (in.erasures.find(id).completed_at == 0) {
      job.check();
      std::this_thread::sleep_for(look_interval);
    }
  }
  of.shown = with(of.shown, "numDeleted", of_integer(static_cast<std::int64_t>(deleted)));
}

json_value create(const house& in, const json_value& input, const http::request& head) {
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  const auto location = text_of(*member_of(input, "dataSource"), "dataLocation");
  if (!location) {
    throw core::error(errc::invalid_argument, "dataSource.dataLocation is missing: s3://bucket/key");
  }
  s3_location::parse(*location);
  resource made = resource_asked_for(in, kind, input, group.arn);
  made.ours = object_of(caller_member, head.caller ? head.caller->id : "system");
  return begin(in, made, input);
}

}  // namespace

void add_data_deletion_jobs(aws::json_service& to, const house& in) {
  // Not in the lane of trainings: somebody's right waits for none.
  in.work.add(kind, "deletion", [in](resource& of, core::job& job) { erase(in, of, job); },
              {.waits = "PENDING",
               .runs = "IN_PROGRESS",
               .done = "COMPLETED",
               .failed = "FAILED",
               .stopping = "IN_PROGRESS",
               .stopped = "FAILED"});
  const auto who = http::access::roles(http::role::engineer, http::role::privacy_officer);
  to.add<json_value, json_value>(
      "CreateDataDeletionJob", who,
      [in](const json_value& input, const http::request& head) { return create(in, input, head); });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
