// eunomia subjects choose and choices: what people choose about the use of their data.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "wire/api/purposes.h"

namespace eunomia::app {

namespace {

using wire::api::choices_question;
using wire::api::choices_view;
using wire::api::new_choice;

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
  show(wire::api::choose(wanted, user_space, data.people(), data.purposes()), shared);
}

void choices(const choices_question& asked, environment& shared) {
  if (!shared.server.empty()) {
    show(remote(shared).post<choices_view>("/api/v1/subjects/choices/list", core::write_json(asked)), shared);
    return;
  }
  data_directory data(shared);
  show(wire::api::choices_of(asked, user_space, data.people(), data.purposes()), shared);
}

}  // namespace

void add_subjects(CLI::App& eunomia, environment& shared) {
  CLI::App* subjects = eunomia.add_subcommand("subjects", "People, and what they choose about the use of their data");
  subjects->require_subcommand(1);

  auto wanted = std::make_shared<new_choice>();
  CLI::App* choosing = subjects->add_subcommand("choose", "Somebody consents, objects, restricts, or takes it back");
  choosing->add_option("--user", wanted->user, "A USER_ID; who is not known yet is remembered by it")->required();
  choosing->add_option("--purpose", wanted->purpose, "Of which purpose; without: restrict or lift_restriction of all");
  choosing
      ->add_option("--choice", wanted->choice,
                   "consent, withdraw_consent, object, withdraw_objection, restrict or lift_restriction")
      ->required();
  choosing->callback([wanted, &shared] { shared.action = [wanted, &shared] { choose(*wanted, shared); }; });

  auto asked = std::make_shared<choices_question>();
  CLI::App* listing = subjects->add_subcommand("choices", "What somebody chose, and when");
  listing->add_option("--user", asked->user, "A USER_ID")->required();
  listing->callback([asked, &shared] { shared.action = [asked, &shared] { choices(*asked, shared); }; });
}

}  // namespace eunomia::app
