#include "app/custodians.h"

#include <utility>

#include "wire/access/custodian.h"
#include "wire/recombee/service.h"

namespace eunomia::app {

namespace {

using subject::data_about;
using subject::holding;
using subject::store_kind;

holding about_nobody(store_kind kind, std::string place, std::string what, std::string retention) {
  return {kind, std::move(place), data_about::nobody, std::move(what), {}, {}, std::move(retention), ""};
}

std::unique_ptr<subject::custodian> make_house_custodian() {
  constexpr const char* with_its_table = "as long as the table or the part";
  return subject::make_custodian(
      "house",
      {about_nobody(store_kind::sql_table, "schema_migration", "Which steps of the schema were applied.", "for ever"),
       about_nobody(store_kind::sql_table, "stored_table", "The tables of the table store.", with_its_table),
       about_nobody(store_kind::sql_table, "stored_table_column", "Their columns.", with_its_table),
       about_nobody(store_kind::sql_table, "stored_table_purpose", "For what each may be read.", with_its_table),
       about_nobody(store_kind::sql_table, "stored_part", "The files that make up each table, and their digests.",
                    with_its_table),
       about_nobody(
           store_kind::sql_table, "job",
           "Background work: its kind, arguments, result and what went wrong, without identifiers or values of "
           "anybody's data.",
           "thirty days after it ended"),
       {store_kind::blob_prefix,
        "tables/",
        data_about::data_subjects,
        "The files of the table store; what is in them stands with each table.",
        {"interactions", "profiles"},
        {},
        "as long as their table",
        "as their table says",
        "Their rows are in the archive, under the tables that they make up."},
       {store_kind::folder,
        "uploads",
        data_about::data_subjects,
        "Files that an import job waits for; exports, and archives of what is held of somebody, until they are sent.",
        {"interactions", "profiles", "identifiers"},
        {},
        "until their job has ended, or they are sent",
        "none: what is imported after somebody was erased brings them in as somebody new",
        "What comes in is in the archive once its job has brought it into a table; whether it is about you is not "
        "known "
        "until then. What goes out is a copy."},
       {store_kind::folder,
        "incoming",
        data_about::data_subjects,
        "Bodies of requests on their way in, and copies of files that a job of Personalize's reads or writes.",
        {"interactions", "profiles", "identifiers"},
        {},
        "until the request is answered or the job has ended, or the server starts again",
        "they pass with their request or job, and an erasure waits for those from before it",
        "They are on their way into a table, or refused; whether they are about you is not known until then."},
       about_nobody(store_kind::file, "lock", "Held by the process that has the directory open.", "for ever"),
       about_nobody(store_kind::file, "restoring", "Says that a restore into the directory has not ended.",
                    "until it has ended"),
       about_nobody(store_kind::folder, "demo", "The generated shop of --demo, while it is imported.",
                    "until it is imported")});
}

}  // namespace

subject::custodians make_custodians(std::unique_ptr<subject::custodian> of_people,
                                    std::unique_ptr<subject::custodian> of_decisions,
                                    std::unique_ptr<subject::custodian> of_recommendations,
                                    std::unique_ptr<subject::custodian> of_ab_tests,
                                    std::unique_ptr<subject::custodian> of_objects,
                                    std::unique_ptr<subject::custodian> of_visitors) {
  subject::custodians all;
  all.add(std::move(of_people));
  all.add(std::move(of_decisions));
  all.add(std::move(of_recommendations));
  all.add(std::move(of_ab_tests));
  all.add(std::move(of_objects));
  all.add(wire::access::make_custodian());
  all.add(std::move(of_visitors));
  all.add(wire::recombee::make_custodian());
  all.add(make_house_custodian());
  return all;
}

}  // namespace eunomia::app
