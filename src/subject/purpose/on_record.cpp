#include "subject/purpose/on_record.h"

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

struct definition_details {
  std::string purpose;
  std::int64_t version = 0;
  std::string lawful_basis;
  std::optional<std::string> special_categories;
  std::optional<std::int64_t> retention_days;  // none: no limit of time
};
BOOST_DESCRIBE_STRUCT(definition_details, (), (purpose, version, lawful_basis, special_categories, retention_days))

struct decision_details {
  std::int64_t decision = 0;
  std::string collected_for;
  std::string wanted;
};
BOOST_DESCRIBE_STRUCT(decision_details, (), (decision, collected_for, wanted))

purposes::also_defined recording(audit_log& log, const actor& by, std::string_view action) {
  return [&log, &by, action](sql::transaction& in, const purpose_definition& made) {
    definition_details details{
        made.name.name(), made.version, std::string(name_of(made.basis)), {}, made.retention_days};
    if (made.special_categories) {
      details.special_categories = std::string(1, static_cast<char>(*made.special_categories));
    }
    log.append(in, audit_entry{by, std::string(action), std::nullopt, core::write_json(details)});
  };
}

}  // namespace

purpose_definition define_on_record(purposes& all, audit_log& log, const purpose_definition& wanted, const actor& by) {
  return all.define(wanted, recording(log, by, "purpose.defined"));
}

purpose_definition redefine_on_record(purposes& all, audit_log& log, const purpose_definition& wanted,
                                      const actor& by) {
  return all.redefine(wanted, recording(log, by, "purpose.redefined"));
}

compatibility_decision decide_on_record(purposes& all, audit_log& log, const compatibility_decision& wanted,
                                        const actor& by) {
  return all.record_decision(wanted, [&](sql::transaction& in, const compatibility_decision& made) {
    const decision_details details{made.id, made.collected_for.name(), made.wanted.name()};
    log.append(in, audit_entry{by, "purpose.decided", std::nullopt, core::write_json(details)});
  });
}

}  // namespace eunomia::subject
