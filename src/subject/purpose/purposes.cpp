// Memory follows SQL: a change is committed first, then what stands of the people it touched is read and published,
// under one mutex, so that what was committed last is also published last, whoever is overtaken in between.
#include "subject/purpose/purposes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include "core/error.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "core/utf8.h"
#include "store/sql/in_doubt.h"
#include "subject/purpose/purpose_tables.h"

namespace eunomia::subject {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;

constexpr core::subject_handle nobody;

// The choices of one kind that stand for one purpose.
struct stands {
  std::vector<core::subject_handle> consented;
  std::vector<core::subject_handle> refused;  // they object, or their data is restricted

  void add(core::subject_handle who, choice_kind kind) {
    (kind == choice_kind::consent ? consented : refused).push_back(who);
  }
};

std::shared_ptr<const core::admission> admission_of(lawful_basis basis, const stands& chosen,
                                                    std::span<const core::subject_handle> restricted) {
  std::vector<core::subject_handle> refused = chosen.refused;
  refused.insert(refused.end(), restricted.begin(), restricted.end());
  if (basis != lawful_basis::consent) {
    return core::admission::everybody_but(refused);
  }
  const auto others = core::admission::everybody_but(refused);
  std::vector<core::subject_handle> admitted;
  std::copy_if(chosen.consented.begin(), chosen.consented.end(), std::back_inserter(admitted),
               [&](core::subject_handle who) { return others->admits(who); });
  return core::admission::only(admitted);
}

// What stands of one person: the purposes of each kind.
struct person_stands {
  bool restricted = false;
  std::set<std::pair<choice_kind, std::string>> kinds;

  bool has(choice_kind kind, std::string_view purpose) const { return kinds.contains({kind, std::string(purpose)}); }
  std::optional<core::refusal> refusal_of(lawful_basis basis, std::string_view purpose) const {
    if (restricted || has(choice_kind::restriction, purpose)) {
      return core::refusal::restriction;
    }
    if (has(choice_kind::objection, purpose)) {
      return core::refusal::objection;
    }
    if (basis == lawful_basis::consent && !has(choice_kind::consent, purpose)) {
      return core::refusal::no_consent;
    }
    return std::nullopt;
  }
};

std::unordered_map<core::subject_handle, person_stands> stands_of(sql::connection& in,
                                                                  std::span<const core::subject_handle> people) {
  std::unordered_map<core::subject_handle, person_stands> all;
  purpose_tables::each_standing_of(in, people, [&](core::subject_handle who, std::string_view purpose, choice_kind k) {
    purpose.empty() ? void(all[who].restricted = true) : void(all[who].kinds.emplace(k, std::string(purpose)));
  });
  return all;
}

[[noreturn]] void refuse_undefined(const core::purpose& why) {
  throw error(errc::permission_denied,
              fmt::format("purpose \"{}\" is not defined, so nothing may be read for it; define it first with its "
                          "lawful basis and its notice (eunomia purposes define)",
                          why.name()));
}

void check_text(std::string_view name, std::string_view text, std::string_view limit_name, std::size_t limit) {
  if (text.empty() || text.size() > limit || !core::is_utf8(text) || text.find('\0') != std::string_view::npos) {
    throw error(errc::invalid_argument, fmt::format("{}: 1 to {} = {} bytes of UTF-8 without U+0000, got {} bytes",
                                                    name, limit_name, limit, text.size()));
  }
}

// Whether the choice can be made about what the purpose rests on.
void check_basis(const purpose_definition& about, choice made) {
  const std::string_view name = about.name.name();
  if (made == choice::object && !may_be_objected_to(about.basis)) {
    throw error(errc::failed_precondition,
                fmt::format("purpose \"{}\" rests on {}, which nobody objects to (GDPR Art. 21(1)); {}", name,
                            name_of(about.basis),
                            about.basis == lawful_basis::consent ? "withdraw the consent instead"
                                                                 : "restrict it, or erase the person, instead"));
  }
  if (made == choice::consent && about.basis != lawful_basis::consent) {
    throw error(errc::failed_precondition,
                fmt::format("purpose \"{}\" rests on {}, not on consent; there is nothing to consent to", name,
                            name_of(about.basis)));
  }
}

// The definition in force of what a choice is about: none where it is about all of them.
std::optional<purpose_definition> checked(sql::connection& in, const std::optional<core::purpose>& about, choice made) {
  if (!about && kind_of(made) != choice_kind::restriction) {
    throw error(errc::invalid_argument,
                fmt::format("{} is about one purpose; name it (only a restriction can be of all)", name_of(made)));
  }
  if (!about) {
    return std::nullopt;
  }
  auto definition = purpose_tables::definition_of(in, about->name());
  if (!definition) {
    throw error(errc::not_found, fmt::format("there is no purpose \"{}\"", about->name()));
  }
  check_basis(*definition, made);
  return definition;
}

}  // namespace

purposes::purposes(sql::database& sql) : sql_(sql) {
  sql_.migrate(purpose_tables::migrations());
  sql_.write([](sql::transaction& in) {
    purpose_definition first = recommendation_by_default();
    if (!purpose_tables::definition_of(in, first.name.name())) {
      first.version = 1;
      first.created_at = first.changed_at = core::now_ms();
      purpose_tables::insert(in, first);
    }
  });
  reload();
}

std::shared_ptr<const purposes::known_purposes> purposes::current() const {
  if (is_old()) {
    reload();
  }
  return known_.current();
}

std::shared_ptr<const core::admission> purposes::admission_for(const core::purpose& why) const {
  if (why == core::purpose::rights_of_the_data_subject()) {
    return core::admission::everybody();
  }
  const auto known = current();
  const auto found = known->find(why.name());
  if (found == known->end()) {
    refuse_undefined(why);
  }
  return found->second.who;
}

std::optional<core::refusal> purposes::refusal_of(core::subject_handle who, const core::purpose& why) const {
  if (why == core::purpose::rights_of_the_data_subject()) {
    return std::nullopt;
  }
  return sql_.read([&](sql::connection& in) {
    const auto definition = purpose_tables::definition_of(in, why.name());
    if (!definition) {
      refuse_undefined(why);
    }
    return stands_of(in, {&who, 1})[who].refusal_of(definition->basis, why.name());
  });
}

void purposes::reload() const {
  const std::lock_guard lock(changing_);
  if (!is_old()) {
    return;  // somebody did it while we waited
  }
  const std::uint64_t doubts = doubts_;
  auto fresh = std::make_shared<known_purposes>();
  sql_.read([&](sql::connection& in) {
    fresh->clear();
    std::map<std::string, stands, std::less<>> by_purpose;
    std::vector<core::subject_handle> restricted;
    purpose_tables::each_standing(in, [&](core::subject_handle who, std::string_view purpose, choice_kind kind) {
      if (purpose.empty()) {
        restricted.push_back(who);
        return;
      }
      auto place = by_purpose.find(purpose);
      if (place == by_purpose.end()) {
        place = by_purpose.emplace(std::string(purpose), stands()).first;
      }
      place->second.add(who, kind);
    });
    for (const purpose_definition& one : purpose_tables::definitions(in)) {
      fresh->emplace(one.name.name(),
                     known_purpose{one.basis, admission_of(one.basis, by_purpose[one.name.name()], restricted)});
    }
  });
  known_.publish(std::move(fresh));
  settled_ = doubts;
}

// One purpose was defined or redefined.
void purposes::reload(const purpose_definition& changed) {
  const std::lock_guard lock(changing_);
  try {
    auto fresh = std::make_shared<known_purposes>(*known_.current());
    sql_.read([&](sql::connection& in) {
      // Not what this caller wrote but what is in force: another may have redefined it since.
      const auto now = purpose_tables::definition_of(in, changed.name.name()).value_or(changed);
      stands chosen;
      std::vector<core::subject_handle> restricted;
      purpose_tables::each_standing_for(in, now.name,
                                        [&](core::subject_handle who, std::string_view purpose, choice_kind kind) {
                                          purpose.empty() ? restricted.push_back(who) : chosen.add(who, kind);
                                        });
      (*fresh)[now.name.name()] = {now.basis, admission_of(now.basis, chosen, restricted)};
    });
    known_.publish(std::move(fresh));
  } catch (const std::exception&) {
    in_doubt();  // it was committed: read before the next answer
  }
}

void purposes::refresh(std::span<const core::subject_handle> people) {
  const std::lock_guard lock(changing_);
  try {
    auto fresh = std::make_shared<known_purposes>(*known_.current());
    auto now = sql_.read([&](sql::connection& in) { return stands_of(in, people); });
    for (auto& [name, known] : *fresh) {
      std::vector<core::subject_handle> admitted;
      std::vector<core::subject_handle> refused;
      for (const core::subject_handle who : people) {
        const bool admits = !now[who].refusal_of(known.basis, name);
        if (admits != known.who->admits(who)) {
          (admits ? admitted : refused).push_back(who);
        }
      }
      if (!admitted.empty() || !refused.empty()) {
        known.who = known.who->with(admitted, refused);
      }
    }
    known_.publish(std::move(fresh));
  } catch (const std::exception&) {
    in_doubt();
  }
}

void purposes::write(const std::function<void(sql::transaction&)>& body) {
  sql::write_or_doubt(sql_, body, [this] { in_doubt(); });
}

purpose_definition purposes::define(const purpose_definition& wanted, const also_defined& also) {
  check(wanted);
  purpose_definition made = wanted;
  write([&](sql::transaction& in) {
    if (purpose_tables::definition_of(in, wanted.name.name())) {
      throw error(errc::already_exists,
                  fmt::format("purpose \"{}\" is defined already; redefine it", wanted.name.name()));
    }
    if (purpose_tables::definitions(in).size() >= max_purposes) {
      throw error(errc::resource_exhausted, fmt::format("there are max_purposes = {} purposes", max_purposes));
    }
    made.version = 1;
    made.created_at = made.changed_at = core::now_ms();
    purpose_tables::insert(in, made);
    if (also) {
      also(in, made);
    }
  });
  reload(made);
  return made;
}

purpose_definition purposes::redefine(const purpose_definition& wanted, const also_defined& also) {
  check(wanted);
  purpose_definition made = wanted;
  write([&](sql::transaction& in) {
    const auto before = purpose_tables::definition_of(in, wanted.name.name());
    if (!before) {
      throw error(errc::not_found, fmt::format("purpose \"{}\" is not defined; define it", wanted.name.name()));
    }
    if (before->version >= max_purpose_versions) {
      throw error(errc::resource_exhausted, fmt::format("purpose \"{}\" has max_purpose_versions = {} versions",
                                                        wanted.name.name(), max_purpose_versions));
    }
    made.version = before->version + 1;
    made.created_at = before->created_at;
    made.changed_at = core::now_ms();
    purpose_tables::insert(in, made);
    if (also) {
      also(in, made);
    }
  });
  reload(made);
  return made;
}

std::vector<purpose_definition> purposes::list() const {
  return sql_.read([](sql::connection& in) { return purpose_tables::definitions(in); });
}

purpose_definition purposes::find(std::string_view name) const {
  return sql_.read([&](sql::connection& in) {
    if (auto found = purpose_tables::definition_of(in, name)) {
      return *std::move(found);
    }
    std::vector<std::string> names;
    for (const purpose_definition& one : purpose_tables::definitions(in)) {
      names.push_back(one.name.name());
    }
    throw error(errc::not_found, fmt::format("there is no purpose \"{}\"; there are {}",
                                             name.substr(0, core::purpose::longest_name), fmt::join(names, ", ")));
  });
}

bool purposes::choose(sql::transaction& in, core::subject_handle who, const std::optional<core::purpose>& about,
                      choice made) const {
  const choice_kind kind = kind_of(made);
  if (who == nobody) {
    throw error(errc::invalid_argument, "a choice is somebody's; handle 0 is nobody");
  }
  const auto definition = checked(in, about, made);
  const choice_evidence told{about, made, core::now_ms(),
                             definition ? std::optional(definition->version) : std::nullopt};
  const bool stands_now = stands_after(made);
  const bool stood = purpose_tables::standing(in, who, about, kind).value_or(false);
  if (stood == stands_now &&
      (!stands_now || purpose_tables::last_version_told(in, who, about, made) == told.purpose_version)) {
    return false;
  }
  if (!takes_permission_away(made) && purpose_tables::count_evidence(in, who) >= max_evidence_of_a_subject) {
    throw error(errc::resource_exhausted,
                fmt::format("max_evidence_of_a_subject = {} choices of this person are kept; only what takes a "
                            "permission away is kept beyond it",
                            max_evidence_of_a_subject));
  }
  purpose_tables::put(in, who, {about, kind, stands_now, told.chosen_at});
  purpose_tables::insert(in, who, told);
  return true;
}

void purposes::choose(core::subject_handle who, const std::optional<core::purpose>& about, choice made) {
  write([&](sql::transaction& in) { choose(in, who, about, made); });
  refresh({&who, 1});
}

void purposes::check_choice(const std::optional<core::purpose>& about, choice made) const {
  sql_.read([&](sql::connection& in) { checked(in, about, made); });
}

std::vector<standing_choice> purposes::choices_of(core::subject_handle who) const {
  return sql_.read([&](sql::connection& in) { return purpose_tables::choices_of(in, who); });
}

std::vector<choice_evidence> purposes::evidence_of(core::subject_handle who) const {
  return sql_.read([&](sql::connection& in) { return purpose_tables::evidence_of(in, who); });
}

std::vector<core::subject_handle> purposes::people_who_refuse(const core::purpose& why) const {
  const auto admitted = admission_for(why);
  auto people = sql_.read([&](sql::connection& in) { return purpose_tables::people_who_refused(in, why); });
  core::sort_and_unite(people);
  // Where the basis is another one now, nobody asks whether they withdrew their consent.
  std::erase_if(people, [&](core::subject_handle who) { return admitted->admits(who); });
  return people;
}

std::vector<core::subject_handle> purposes::people_with_choices(sql::connection& in,
                                                                std::optional<choice_kind> kind) const {
  std::vector<core::subject_handle> people;
  purpose_tables::each_standing(in, [&](core::subject_handle who, std::string_view, choice_kind of) {
    if (!kind || of == *kind) {
      people.push_back(who);
    }
  });
  core::sort_and_unite(people);
  return people;
}

std::uint64_t purposes::erase(sql::transaction& in, std::span<const core::subject_handle> gone) const {
  return purpose_tables::erase(in, gone);
}

compatibility_decision purposes::record_decision(const compatibility_decision& wanted, const also_decided& also) {
  check_text("decided_by", wanted.decided_by, "max_decided_by_bytes", max_decided_by_bytes);
  check_text("reasoning", wanted.reasoning, "max_reasoning_bytes", max_reasoning_bytes);
  if (wanted.collected_for == wanted.wanted) {
    throw error(errc::invalid_argument,
                fmt::format("what was collected for \"{}\" needs no decision to be used for it", wanted.wanted.name()));
  }
  compatibility_decision made = wanted;
  sql_.write([&](sql::transaction& in) {
    for (const core::purpose& one : {wanted.collected_for, wanted.wanted}) {
      if (!purpose_tables::definition_of(in, one.name())) {
        throw error(errc::not_found, fmt::format("there is no purpose \"{}\"; define it first", one.name()));
      }
    }
    if (purpose_tables::decisions(in).size() >= max_decisions) {
      throw error(errc::resource_exhausted, fmt::format("there are max_decisions = {} decisions", max_decisions));
    }
    made.decided_at = core::now_ms();
    purpose_tables::insert(in, made);
    made.id = purpose_tables::decisions(in).back().id;
    if (also) {
      also(in, made);
    }
  });
  return made;
}

std::vector<compatibility_decision> purposes::decisions() const {
  return sql_.read([](sql::connection& in) { return purpose_tables::decisions(in); });
}

std::int64_t purposes::check_compatible(std::span<const core::purpose> collected_for,
                                        const core::purpose& wanted) const {
  const auto has = [&](const core::purpose& one) {
    return std::find(collected_for.begin(), collected_for.end(), one) != collected_for.end();
  };
  if (has(wanted)) {
    return 0;
  }
  const auto made = decisions();
  const auto allows = std::find_if(made.rbegin(), made.rend(), [&](const compatibility_decision& one) {
    return one.wanted == wanted && has(one.collected_for);
  });
  if (allows == made.rend()) {
    std::vector<std::string> names;
    for (const core::purpose& one : collected_for) {
      names.push_back(one.name());
    }
    throw error(
        errc::permission_denied,
        fmt::format("this data was collected for {}, not for \"{}\" (GDPR Art. 5(1)(b)); if that is compatible, "
                    "record the decision first (eunomia purposes decide), else ask for consent",
                    names.empty() ? "nothing" : fmt::format("\"{}\"", fmt::join(names, "\", \"")), wanted.name()));
  }
  return allows->id;
}

}  // namespace eunomia::subject
