#include "app/erasing.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <thread>

#include "app/data_directory.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "wire/api/people.h"
#include "wire/api/requests.h"

namespace eunomia::app {

namespace {

using wire::api::max_people_of_an_erasure;
using wire::api::people_to_erase;
using wire::api::request_view;

struct erase_row {
  std::uint64_t asked = 0;
  std::uint64_t known = 0;
  std::vector<request_view> requests;
  double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(erase_row, (), (asked, known, requests, seconds))

std::vector<std::string> users_of(const erase_flags& flags) {
  std::vector<std::string> users = flags.users;
  if (!flags.users_from.empty()) {
    const std::string text = core::read_file(flags.users_from);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string line = text.substr(begin, end - begin);
      if (!line.empty() && line.back() == '\r') {
        line.pop_back();
      }
      if (!line.empty()) {
        users.push_back(std::move(line));
      }
      begin = end + 1;
    }
  }
  if (users.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "nobody to erase: give --user ID or --users-from FILE, an id a line");
  }
  return users;
}

// Calls body for as many users as a request takes; one that knows nobody of its users is no failure if another does.
template <class Body>
void in_requests(const std::vector<std::string>& users, Body body) {
  std::optional<core::error> unknown;
  bool any = false;
  for (std::size_t begin = 0; begin < users.size(); begin += max_people_of_an_erasure) {
    try {
      body(std::span(users).subspan(begin, std::min(max_people_of_an_erasure, users.size() - begin)));
      any = true;
    } catch (const core::error& problem) {
      if (problem.code() != core::errc::not_found) {
        throw;
      }
      unknown = problem;
    }
  }
  if (unknown && !any) {
    throw core::error(*unknown);
  }
}

void keep_certificate(const std::filesystem::path& folder, std::int64_t request, std::string_view content) {
  std::filesystem::create_directories(folder);
  core::write_file(folder / fmt::format("erasure-{}.json", request), content);
}

// Asks the server, and waits until nothing is left on its disk.
erase_row erase_remotely(const std::vector<std::string>& users, const erase_flags& flags, environment& shared) {
  constexpr std::chrono::milliseconds look_interval(200);
  remote server(shared);
  erase_row row{users.size(), 0, {}, 0};
  in_requests(users, [&](std::span<const std::string> some) {
    row.requests.push_back(server.post<request_view>(
        "/api/v1/subjects/erasures", core::write_json(people_to_erase{{some.begin(), some.end()}, flags.space})));
    row.known += row.requests.back().people;
  });
  std::uint64_t done = 0;
  for (request_view& request : row.requests) {
    const std::string path = fmt::format("/api/v1/subjects/requests/{}", request.id);
    while (request.state != "completed") {
      shared.job().check();
      std::this_thread::sleep_for(look_interval);
      request = core::read_json<request_view>(server.get(path));
      if (request.progress) {
        const subject::erasure_progress& now = *request.progress;
        shared.job().report(subject::name_of(now.phase), now.done, now.total);
      }
    }
    if (!flags.certificates.empty()) {
      keep_certificate(flags.certificates, request.id, server.get_bytes(path + "/certificate"));
    }
    done += request.people;
    shared.job().report("erase", done, row.known);
  }
  return row;
}

erase_row erase_here(const std::vector<std::string>& users, const erase_flags& flags, environment& shared) {
  data_directory data(shared);
  erase_row row{users.size(), 0, {}, 0};
  const subject::custody_context with{shared.pool(), shared.job()};
  std::uint64_t begun = 0;
  try {
    in_requests(users, [&](std::span<const std::string> some) {
      shared.job().report("begin", begun += some.size(), users.size());
      const auto gone = data.erasures().people_named(wire::api::space_of(flags.space, user_space), some);
      row.known += data.erasures().begin(gone, subject::actor::system(), with).people;
    });
  } catch (const core::error& problem) {
    // Somebody whose erasure was begun before, and killed, is not known any more, and waits to be finished.
    if (problem.code() != core::errc::not_found || !data.erasures().wait_since()) {
      throw;
    }
  }
  for (const auto& done : data.erasures().finish(with)) {
    row.requests.push_back(wire::api::view_of(done));
    if (!flags.certificates.empty()) {
      keep_certificate(flags.certificates, done.id, data.erasures().certificate_of(done.id));
    }
  }
  return row;
}

std::string level_of(const subject::certificate_step& step) {
  return step.level ? core::write_json(*step.level) : std::string("-");
}

}  // namespace

void add_erase_flags(CLI::App& command, const std::shared_ptr<erase_flags>& flags) {
  command.add_option("--user", flags->users, "A USER_ID; may be repeated")->allow_extra_args(false);
  command.add_option("--users-from", flags->users_from, "A file with a USER_ID a line");
  add_space_option(command, flags->space);
  command.add_option("--certificates", flags->certificates,
                     "A folder for the certificates, erasure-ID.json; without, they stay with the requests");
}

void erase(const erase_flags& flags, environment& shared) {
  const auto begin = std::chrono::steady_clock::now();
  const auto users = users_of(flags);
  erase_row row = shared.server.empty() ? erase_here(users, flags, shared) : erase_remotely(users, flags, shared);
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  text_table steps({"request", "of", "what", "store", "count", "level", "ms"});
  for (const request_view& request : row.requests) {
    for (const auto& step : request.steps) {
      steps.add({std::to_string(request.id), step.custodian, step.what, step.store, grouped(step.count), level_of(step),
                 std::to_string(step.milliseconds)});
    }
  }
  shared.print(fmt::format("{} of {} given were known; erased everywhere, verified and certified in {:.2f} s\n\n{}",
                           grouped(row.known), grouped(row.asked), row.seconds, steps.str()));
}

}  // namespace eunomia::app
