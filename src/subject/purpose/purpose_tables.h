#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/purpose/choice.h"
#include "subject/purpose/decision.h"
#include "subject/purpose/definition.h"

// How purposes and choices lie in SQL; one statement per intent. Every function runs within its caller's snapshot or
// transaction.
//
//   purpose_definition       a row a version; the greatest is in force
//   purpose_choice           where people stand now, by (subject, purpose, kind)
//   purpose_restriction      whose data is restricted for every purpose
//   purpose_choice_evidence  what they told us, each time
//   purpose_decision         that one purpose is compatible with another
namespace eunomia::subject::purpose_tables {

std::span<const store::sql::migration> migrations();

void insert(store::sql::transaction& in, const purpose_definition& version);
// Those in force, by name.
std::vector<purpose_definition> definitions(store::sql::connection& in);
std::optional<purpose_definition> definition_of(store::sql::connection& in, std::string_view name);

// Whether it stands; nothing when it was never chosen.
std::optional<bool> standing(store::sql::connection& in, core::subject_handle who,
                             const std::optional<core::purpose>& about, choice_kind kind);
void put(store::sql::transaction& in, core::subject_handle who, const standing_choice& now);
std::vector<standing_choice> choices_of(store::sql::connection& in, core::subject_handle who);

// The choices that stand: of all people, or of some. purpose is empty for a restriction of every purpose.
using stands_visitor = std::function<void(core::subject_handle who, std::string_view purpose, choice_kind kind)>;
void each_standing(store::sql::connection& in, const stands_visitor& visit);
void each_standing_of(store::sql::connection& in, std::span<const core::subject_handle> people,
                      const stands_visitor& visit);
// Of whom an objection or a restriction stands that concerns one purpose, or who withdrew their consent to it.
std::vector<core::subject_handle> people_who_refused(store::sql::connection& in, const core::purpose& about);
// What of one purpose stands, and every restriction of all.
void each_standing_for(store::sql::connection& in, const core::purpose& about, const stands_visitor& visit);

void insert(store::sql::transaction& in, core::subject_handle who, const choice_evidence& told);
std::uint64_t count_evidence(store::sql::connection& in, core::subject_handle who);
// The version of the definition that the last evidence of a kind names.
std::optional<std::int64_t> last_version_told(store::sql::connection& in, core::subject_handle who,
                                              const std::optional<core::purpose>& about, choice made);
std::vector<choice_evidence> evidence_of(store::sql::connection& in, core::subject_handle who);
// The number of rows, of all three tables about people.
std::uint64_t erase(store::sql::transaction& in, std::span<const core::subject_handle> people);

void insert(store::sql::transaction& in, const compatibility_decision& made);
std::vector<compatibility_decision> decisions(store::sql::connection& in);

}  // namespace eunomia::subject::purpose_tables
