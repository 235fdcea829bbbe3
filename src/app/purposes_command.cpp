// eunomia purposes list, define, decide, decisions and allow: what personal data may be used for.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "recommend/on_record.h"
#include "subject/purpose/on_record.h"
#include "wire/api/purposes.h"

namespace eunomia::app {

namespace {

using wire::api::decision_list;
using wire::api::decision_view;
using wire::api::new_decision;
using wire::api::new_purpose;
using wire::api::purpose_list;
using wire::api::purpose_terms;
using wire::api::purpose_view;

constexpr std::string_view purposes_route = "/api/v1/purposes";
constexpr std::string_view decisions_route = "/api/v1/purposes/decisions";

void list(environment& shared) {
  purpose_list all;
  if (shared.server.empty()) {
    data_directory data(shared);
    all = wire::api::list_of(data.purposes());
  } else {
    all = core::read_json<purpose_list>(remote(shared).get(std::string(purposes_route)));
  }
  if (shared.json) {
    shared.print(core::write_json(all, 2));
    return;
  }
  text_table table({"purpose", "lawful basis", "Art. 9(2)", "kept for days", "version", "changed"});
  for (const purpose_view& p : all.purposes) {
    table.add({p.name, p.lawful_basis, p.special_categories.value_or("-"),
               p.retention_days ? std::to_string(*p.retention_days) : "no limit", std::to_string(p.version),
               p.changed_at});
  }
  shared.print(table.str());
}

struct define_flags {
  new_purpose wanted;
  std::filesystem::path notice_from;
  bool again = false;
};

purpose_view defined(const define_flags& flags, environment& shared) {
  new_purpose wanted = flags.wanted;
  if (wanted.notice.empty() == flags.notice_from.empty()) {
    throw core::error(core::errc::invalid_argument, "give what people are told: --notice TEXT or --notice-from FILE");
  }
  if (!flags.notice_from.empty()) {
    wanted.notice = core::read_file(flags.notice_from);
  }
  if (shared.server.empty()) {
    data_directory data(shared);
    const auto definition = wire::api::definition_of(wanted);
    const auto by = subject::actor::system();
    return wire::api::view_of(flags.again ? subject::redefine_on_record(data.purposes(), data.audit(), definition, by)
                                          : subject::define_on_record(data.purposes(), data.audit(), definition, by));
  }
  remote server(shared);
  if (!flags.again) {
    return server.post<purpose_view>(std::string(purposes_route), core::write_json(wanted));
  }
  return core::read_json<purpose_view>(server.put(fmt::format("{}/{}", purposes_route, segment(wanted.name)),
                                                  core::write_json(static_cast<const purpose_terms&>(wanted))));
}

void define(const define_flags& flags, environment& shared) {
  const purpose_view made = defined(flags, shared);
  shared.print(shared.json
                   ? core::write_json(made, 2)
                   : fmt::format("purpose {} rests on {}, version {}\n", made.name, made.lawful_basis, made.version));
}

void decide(const new_decision& wanted, environment& shared) {
  decision_view made;
  if (shared.server.empty()) {
    data_directory data(shared);
    made = wire::api::view_of(subject::decide_on_record(data.purposes(), data.audit(), wire::api::decision_of(wanted),
                                                        subject::actor::system()));
  } else {
    made = remote(shared).post<decision_view>(std::string(decisions_route), core::write_json(wanted));
  }
  shared.print(shared.json ? core::write_json(made, 2)
                           : fmt::format("decision {}: what was collected for {} may be used for {}\n", made.id,
                                         made.collected_for, made.wanted));
}

void list_decisions(environment& shared) {
  decision_list all;
  if (shared.server.empty()) {
    data_directory data(shared);
    all = wire::api::decisions_of(data.purposes());
  } else {
    all = core::read_json<decision_list>(remote(shared).get(std::string(decisions_route)));
  }
  if (shared.json) {
    shared.print(core::write_json(all, 2));
    return;
  }
  text_table table({"decision", "collected for", "may be used for", "decided by", "at", "reasoning"});
  for (const decision_view& d : all.decisions) {
    table.add({std::to_string(d.id), d.collected_for, d.wanted, d.decided_by, d.decided_at, d.reasoning});
  }
  shared.print(table.str());
}

struct allow_flags {
  std::string dataset;
  std::string purpose;
};

struct purpose_row {
  std::string purpose;
};
BOOST_DESCRIBE_STRUCT(purpose_row, (), (purpose))

void allow(const allow_flags& flags, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    auto set = data.datasets().open(flags.dataset);
    recommend::allow_on_record(set, data.audit(), core::purpose(flags.purpose), subject::actor::system());
  } else {
    remote(shared).post(fmt::format("/api/v1/datasets/{}/purposes", segment(flags.dataset)),
                        core::write_json(purpose_row{flags.purpose}));
  }
  if (!shared.json) {
    shared.print(fmt::format("dataset {} may be read for {}\n", flags.dataset, flags.purpose));
  }
}

}  // namespace

void add_purposes(CLI::App& eunomia, environment& shared) {
  CLI::App* purposes = eunomia.add_subcommand("purposes", "What personal data may be used for");
  purposes->require_subcommand(1);

  CLI::App* listing = purposes->add_subcommand("list", "All purposes, with their lawful basis");
  listing->callback([&shared] { shared.action = [&shared] { list(shared); }; });

  auto terms = std::make_shared<define_flags>();
  CLI::App* defining = purposes->add_subcommand("define", "Define a purpose");
  defining->add_option("--name", terms->wanted.name, "1 to 64 of a-z, 0-9, - and _")->required();
  defining
      ->add_option("--lawful-basis", terms->wanted.lawful_basis,
                   "GDPR Art. 6(1): consent, contract, legal_obligation, vital_interests, public_task or "
                   "legitimate_interests")
      ->required();
  defining->add_option("--special-categories", terms->wanted.special_categories, "The letter of Art. 9(2), a to j");
  defining->add_option("--retention-days", terms->wanted.retention_days, "Without: no limit of time");
  defining->add_option("--notice", terms->wanted.notice, "What people are told");
  defining->add_option("--notice-from", terms->notice_from, "The same, from a file");
  defining->add_flag("--again", terms->again, "Redefine one that is there; earlier versions are kept");
  defining->callback([terms, &shared] { shared.action = [terms, &shared] { define(*terms, shared); }; });

  auto decision = std::make_shared<new_decision>();
  CLI::App* deciding = purposes->add_subcommand(
      "decide", "Record that data collected for one purpose may be used for another (GDPR Art. 5(1)(b))");
  deciding->add_option("--collected-for", decision->collected_for, "The purpose it was collected for")->required();
  deciding->add_option("--wanted", decision->wanted, "The purpose it is to be used for too")->required();
  deciding->add_option("--by", decision->decided_by, "Whose judgement it is")->required();
  deciding->add_option("--reasoning", decision->reasoning, "Why it is compatible (Art. 6(4))")->required();
  deciding->callback([decision, &shared] { shared.action = [decision, &shared] { decide(*decision, shared); }; });

  CLI::App* decisions = purposes->add_subcommand("decisions", "Which purposes were judged compatible with which");
  decisions->callback([&shared] { shared.action = [&shared] { list_decisions(shared); }; });

  auto further = std::make_shared<allow_flags>();
  CLI::App* allowing =
      purposes->add_subcommand("allow", "Use a dataset for a further purpose, which a decision allows");
  allowing->add_option("--dataset", further->dataset, "Which")->required();
  allowing->add_option("--purpose", further->purpose, "What for")->required();
  allowing->callback([further, &shared] { shared.action = [further, &shared] { allow(*further, shared); }; });
}

}  // namespace eunomia::app
