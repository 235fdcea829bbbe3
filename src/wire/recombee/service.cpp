#include "wire/recombee/service.h"

namespace eunomia::wire::recombee {

service::service(const surroundings& in, authenticator::key_lookup keys, authenticator::clock now)
    : made_(in.sql),
      open_({in.datasets, made_, in.forget_pool}, in.purpose),
      answers_(made_, in.datasets, in.recommenders, in.background),
      house_{.made = made_,
             .open = open_,
             .given = given_,
             .answers = answers_,
             .datasets = in.datasets,
             .recommenders = in.recommenders,
             .background = in.background,
             .answering = in.answering,
             .people = in.people,
             .erasures = in.erasures,
             .desk = in.desk,
             .forget_pool = in.forget_pool,
             .work_pool = in.work_pool,
             .purpose = in.purpose,
             .user_space = in.user_space},
      who_calls_(std::move(keys), std::move(now)),
      protocol_(house_, who_calls_) {}

std::unique_ptr<subject::custodian> make_custodian() {
  return subject::make_custodian(
      "recombee", {{subject::store_kind::sql_table,
                    "recombee_definition",
                    subject::data_about::nobody,
                    "What clients of Recombee defined: properties, scenarios, segmentations, synonyms, series, and ids "
                    "of items that "
                    "they deleted.",
                    {},
                    {},
                    "until somebody deletes what they describe",
                    ""},
                   {subject::store_kind::memory,
                    "given lists",
                    subject::data_about::data_subjects,
                    "Which items were recommended to whom, so that the next ones can be asked for.",
                    {"recommendations"},
                    {},
                    "half an hour, or until the process ends",
                    "it knows handles, and nothing comes next for a handle that has no identifier any more",
                    "They are gone before an archive is made of them."}});
}

}  // namespace eunomia::wire::recombee
