// eunomia subjects: what people choose about the use of their data, and what they ask for.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/erasing.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/review_commands.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/time.h"
#include "subject/rights/archive.h"
#include "wire/api/archives.h"
#include "wire/api/links.h"
#include "wire/api/people.h"
#include "wire/api/purposes.h"
#include "wire/api/rectifications.h"
#include "wire/api/requests.h"

namespace eunomia::app {

namespace {

using wire::api::archive_question;
using wire::api::choices_question;
using wire::api::choices_view;
using wire::api::link_view;
using wire::api::new_choice;
using wire::api::new_dismissal;
using wire::api::new_link;

void show(const choices_view& view, environment& shared) {
  if (shared.json) {
    shared.print(core::write_json(view, 2));
    return;
  }
  text_table now({"purpose", "choice", "stands", "since"});
  for (const auto& one : view.choices) {
    now.add({one.purpose.value_or("(every purpose)"), one.kind, one.stands ? "yes" : "no", one.chosen_at});
  }
  text_table told({"purpose", "they said", "at", "of version"});
  for (const auto& one : view.evidence) {
    told.add({one.purpose.value_or("(every purpose)"), one.choice, one.chosen_at,
              one.purpose_version ? std::to_string(*one.purpose_version) : "-"});
  }
  shared.print(now.str() + "\n" + told.str());
}

void choose(const new_choice& wanted, environment& shared) {
  if (!shared.server.empty()) {
    show(remote(shared).post<choices_view>("/api/v1/subjects/choices", core::write_json(wanted)), shared);
    return;
  }
  data_directory data(shared);
  const auto view =
      wire::api::choose(wanted, user_space, data.people(), data.purposes(), data.desk(), subject::actor::system());
  if (subject::takes_permission_away(subject::choice_named(wanted.choice))) {
    data.recommenders().forget_who_refuses(recommendation_purpose(),
                                           {shared.pool(), shared.job(), shared.training_memory()});
  }
  show(view, shared);
}

void choices(const choices_question& asked, environment& shared) {
  if (!shared.server.empty()) {
    show(remote(shared).post<choices_view>("/api/v1/subjects/choices/list", core::write_json(asked)), shared);
    return;
  }
  data_directory data(shared);
  show(wire::api::choices_of(asked, user_space, data.people(), data.purposes()), shared);
}

struct archive_row {
  std::string file;
  std::string scope;
  std::uint64_t parts = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::int64_t request = 0;
};
BOOST_DESCRIBE_STRUCT(archive_row, (), (file, scope, parts, rows, bytes, request))

void archive_here(const archive_question& asked, archive_row& row, environment& shared) {
  data_directory data(shared);
  const auto who = wire::api::somebody(asked.user, wire::api::space_of(asked.space, user_space), data.people());
  const auto scope = asked.portable ? subject::archive_scope::portability : subject::archive_scope::access;
  const auto granted =
      data.desk().grant_archive(who, scope, row.file, subject::actor::system(), {shared.pool(), shared.job()});
  row.parts = granted.archive.parts;
  row.rows = granted.archive.rows;
  row.request = granted.request.id;
}

void archive_remotely(const archive_question& asked, archive_row& row, environment& shared) {
  const auto made = remote(shared).download_archive("/api/v1/subjects/archive", core::write_json(asked), row.file);
  row.parts = made.parts;
  row.rows = made.rows;
  row.request = static_cast<std::int64_t>(made.request);
}

void access(const archive_question& asked, const std::filesystem::path& file, environment& shared) {
  archive_row row{file.string(), asked.portable ? "portability" : "access"};
  shared.server.empty() ? archive_here(asked, row, shared) : archive_remotely(asked, row, shared);
  row.bytes = std::filesystem::file_size(file);
  shared.print(shared.json ? core::write_json(row, 2)
                           : fmt::format("{} rows in {} parts are in {} ({}); index.html in it says what they are\n",
                                         grouped(row.rows), row.parts, row.file, core::human_bytes(row.bytes)));
}

using wire::api::rectification_body;
using wire::api::request_list;
using wire::api::request_view;

struct rectify_flags {
  rectification_body wanted;
  std::vector<std::string> profile;  // COLUMN=VALUE
  std::vector<std::string> wrong;    // ITEM_ID@TIMESTAMP or ITEM_ID@TIMESTAMP/EVENT_TYPE
};

rectification_body body_of(const rectify_flags& flags) {
  rectification_body body = flags.wanted;
  for (const std::string& one : flags.profile) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw core::error(core::errc::invalid_argument, "--set takes COLUMN=VALUE; COLUMN= for nothing known");
    }
    body.profile[one.substr(0, equals)] = one.substr(equals + 1);
  }
  for (const std::string& one : flags.wrong) {
    const std::size_t at = one.rfind('@');
    if (at == std::string::npos || at == 0) {
      throw core::error(core::errc::invalid_argument,
                        "--wrong takes ITEM_ID@TIMESTAMP or ITEM_ID@TIMESTAMP/EVENT_TYPE");
    }
    const std::size_t slash = std::min(one.find('/', at), one.size());
    if (slash + 1 == one.size()) {
      throw core::error(core::errc::invalid_argument, "--wrong: an EVENT_TYPE is missing behind the /");
    }
    body.wrong_interactions.push_back({one.substr(0, at),
                                       core::json_value::of_string(one.substr(at + 1, slash - at - 1)),
                                       one.substr(std::min(slash + 1, one.size()))});
  }
  return body;
}

void rectify(const rectify_flags& flags, environment& shared) {
  const rectification_body wanted = body_of(flags);
  request_view done;
  if (shared.server.empty()) {
    data_directory data(shared);
    done = wire::api::rectify(wanted, user_space, data.people(), data.rectifying(), data.desk(),
                              subject::actor::system(), {shared.pool(), shared.job()});
  } else {
    done = remote(shared).post<request_view>("/api/v1/subjects/rectifications", core::write_json(wanted));
  }
  if (shared.json) {
    shared.print(core::write_json(done, 2));
    return;
  }
  text_table table({"what", "place", "count", "details"});
  for (const auto& step : done.steps) {
    table.add({step.what, step.store, grouped(step.count), step.details});
  }
  shared.print(table.str() +
               fmt::format("request {} is completed: subjects certificate {} is the proof\n", done.id, done.id));
}

void link(const new_link& wanted, environment& shared) {
  link_view view;
  if (shared.server.empty()) {
    data_directory data(shared);
    view = wire::api::link(wanted, user_space, data.people(), data.desk(), subject::actor::system());
  } else {
    view = remote(shared).post<link_view>("/api/v1/subjects/links", core::write_json(wanted));
  }
  if (shared.json) {
    shared.print(core::write_json(view, 2));
    return;
  }
  text_table table({"space", "identifiers"});
  for (const auto& [space, count] : view.identifiers) {
    table.add({space, grouped(count)});
  }
  shared.print((view.linked ? "linked; " : "it named them already; ") +
               fmt::format("what they are known by now:\n{}", table.str()));
}

void add_link(CLI::App& subjects, environment& shared) {
  auto wanted = std::make_shared<new_link>();
  CLI::App* linking = subjects.add_subcommand(
      "link", "Somebody is known by one more identifier: an e-mail address, an account elsewhere");
  linking->add_option("--user", wanted->user, "Somebody who is known: a USER_ID")->required();
  linking->add_option("--user-space", wanted->user_space, "The id space of --user; without: USER_IDs");
  linking->add_option("--space", wanted->space, "The id space of --identifier: 1 to 64 of a-z, 0-9, - and _")
      ->required();
  linking->add_option("--identifier", wanted->identifier, "What they are known by as well")->required();
  linking->callback([wanted, &shared] { shared.action = [wanted, &shared] { link(*wanted, shared); }; });
}

constexpr std::size_t requests_shown = 100;

void show(const request_list& list, environment& shared) {
  if (shared.json) {
    shared.print(core::write_json(list, 2));
    return;
  }
  text_table table({"request", "right", "state", "people", "asked at", "deadline", "completed at", "waits for"});
  for (const request_view& one : list.requests) {
    table.add({std::to_string(one.id), core::write_json(one.right), one.state, grouped(one.people), one.requested_at,
               one.deadline, one.completed_at.value_or("-"), one.obstacle.value_or("-")});
  }
  shared.print(table.str());
}

void requests(environment& shared) {
  if (!shared.server.empty()) {
    show(core::read_json<request_list>(remote(shared).get("/api/v1/subjects/requests")), shared);
    return;
  }
  data_directory data(shared);
  request_list list;
  for (const auto& one : data.erasures().list(0, requests_shown)) {
    list.requests.push_back(wire::api::view_of(one));
  }
  show(list, shared);
}

struct certificate_flags {
  std::int64_t request = 0;
  bool first = false;
  std::filesystem::path output;
};

void certificate(const certificate_flags& wanted, environment& shared) {
  const auto edition = wanted.first ? subject::certificate_edition::first : subject::certificate_edition::newest;
  const std::string content =
      shared.server.empty()
          ? data_directory(shared).erasures().certificate_of(wanted.request, edition)
          : remote(shared).get_bytes(fmt::format("/api/v1/subjects/requests/{}/certificate?which={}", wanted.request,
                                                 boost::describe::enum_to_string(edition, "")));
  if (wanted.output.empty()) {
    shared.print(content);
  } else {
    core::write_file(wanted.output, content);
  }
}

void dismiss(std::int64_t request, const new_dismissal& said, environment& shared) {
  request_view now;
  if (shared.server.empty()) {
    data_directory data(shared);
    data.erasures().dismiss_find(request, said.file, said.reason, subject::actor::system());
    data.erasures().finish({shared.pool(), shared.job()});
    now = wire::api::view_of(data.erasures().find(request));
  } else {
    now = remote(shared).post<request_view>(fmt::format("/api/v1/subjects/requests/{}/dismissals", request),
                                            core::write_json(said));
  }
  shared.print(shared.json ? core::write_json(now, 2)
                           : fmt::format("request {} is {}\n", now.id,
                                         now.completed_at ? "completed: subjects certificate is the proof"
                                                          : "tried again: subjects requests says how far it is"));
}

void add_dismissal(CLI::App& subjects, environment& shared) {
  auto request = std::make_shared<std::int64_t>();
  auto said = std::make_shared<new_dismissal>();
  CLI::App* dismissing = subjects.add_subcommand(
      "dismiss-find", "What an erasure waits for in a file is not theirs, but part of something else");
  dismissing->add_option("--request", *request, "Its id")->required();
  dismissing->add_option("--file", said->file, "The file that it names; all of a folder: its path and /")->required();
  dismissing->add_option("--reason", said->reason, "Why; it is on the certificate")->required();
  dismissing->callback(
      [request, said, &shared] { shared.action = [request, said, &shared] { dismiss(*request, *said, shared); }; });
}

void add_requests(CLI::App& subjects, environment& shared) {
  auto flags = std::make_shared<erase_flags>();
  CLI::App* erasing = subjects.add_subcommand("erase", "Erase people everywhere, verified and certified (Art. 17)");
  add_erase_flags(*erasing, flags);
  erasing->callback([flags, &shared] { shared.action = [flags, &shared] { erase(*flags, shared); }; });

  auto wrong = std::make_shared<rectify_flags>();
  CLI::App* rectifying = subjects.add_subcommand(
      "rectify", "Put right what is held of somebody (Art. 16); what did happen is imported or recorded");
  rectifying->add_option("--user", wrong->wanted.user, "A USER_ID")->required();
  add_space_option(*rectifying, wrong->wanted.space);
  rectifying->add_option("--dataset", wrong->wanted.dataset, "Of the profile and the interactions");
  rectifying->add_option("--set", wrong->profile, "COLUMN=VALUE of the profile as it should be; may be repeated")
      ->allow_extra_args(false);
  rectifying
      ->add_option("--wrong", wrong->wrong,
                   "ITEM_ID@TIMESTAMP of what did not happen, with /EVENT_TYPE behind it only what is of that type; "
                   "may be repeated")
      ->allow_extra_args(false);
  rectifying->add_option("--right-user", wrong->wanted.right_user, "The identifier that they should be known by");
  rectifying->callback([wrong, &shared] { shared.action = [wrong, &shared] { rectify(*wrong, shared); }; });

  CLI::App* listing = subjects.add_subcommand("requests", "What people asked for, and how far it is");
  listing->callback([&shared] { shared.action = [&shared] { requests(shared); }; });

  auto wanted = std::make_shared<certificate_flags>();
  CLI::App* proof = subjects.add_subcommand("certificate", "The signed proof of what was done for a request");
  proof->add_option("request", wanted->request, "Its id")->required();
  proof->add_flag("--first", wanted->first,
                  "As it was completed, where what was left for later has been certified since");
  proof->add_option("--output", wanted->output, "A file; without, standard output");
  proof->callback([wanted, &shared] { shared.action = [wanted, &shared] { certificate(*wanted, shared); }; });
}

}  // namespace

void add_subjects(CLI::App& eunomia, environment& shared) {
  CLI::App* subjects =
      eunomia.add_subcommand("subjects", "People: what they choose about the use of their data, and what they ask for");
  subjects->require_subcommand(1);

  auto wanted = std::make_shared<new_choice>();
  CLI::App* choosing = subjects->add_subcommand("choose", "Somebody consents, objects, restricts, or takes it back");
  choosing->add_option("--user", wanted->user, "A USER_ID; who is not known yet is remembered by it")->required();
  add_space_option(*choosing, wanted->space);
  choosing->add_option("--purpose", wanted->purpose, "Of which purpose; without: restrict or lift_restriction of all");
  choosing
      ->add_option("--choice", wanted->choice,
                   "consent, withdraw_consent, object, withdraw_objection, restrict or lift_restriction")
      ->required();
  choosing->callback([wanted, &shared] { shared.action = [wanted, &shared] { choose(*wanted, shared); }; });

  auto asked = std::make_shared<choices_question>();
  CLI::App* listing = subjects->add_subcommand("choices", "What somebody chose, and when");
  listing->add_option("--user", asked->user, "A USER_ID")->required();
  add_space_option(*listing, asked->space);
  listing->callback([asked, &shared] { shared.action = [asked, &shared] { choices(*asked, shared); }; });

  auto whose = std::make_shared<archive_question>();
  auto file = std::make_shared<std::filesystem::path>();
  CLI::App* accessing =
      subjects->add_subcommand("access", "Everything that is held of somebody, in a ZIP file for them");
  accessing->add_option("--user", whose->user, "A USER_ID")->required();
  add_space_option(*accessing, whose->space);
  accessing->add_option("--output", *file, "FILE.zip, readable by its owner only")->required();
  accessing->add_flag("--portable", whose->portable, "Only what they provided and what was observed of them");
  accessing->callback(
      [whose, file, &shared] { shared.action = [whose, file, &shared] { access(*whose, *file, shared); }; });
  add_link(*subjects, shared);
  add_requests(*subjects, shared);
  add_dismissal(*subjects, shared);
  add_reviews(*subjects, shared);
}

}  // namespace eunomia::app
