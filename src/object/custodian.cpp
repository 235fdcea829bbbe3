#include "object/custodian.h"

namespace eunomia::object {

namespace {

using subject::data_about;
using subject::holding;
using subject::store_kind;

holding of_users(store_kind kind, const char* place, const char* what) {
  return {
      kind,
      place,
      data_about::data_subjects,
      what,
      {"files", "identifiers"},
      {},
      "until whoever put it there deletes it; uploads in parts that nobody completes, seven days",
      "when its object is deleted or replaced",
      "Files that users of this server keep here, of whatever form; whether they name you, whoever keeps them knows."};
}

}  // namespace

std::unique_ptr<subject::custodian> make_custodian(object_store&) {
  return subject::make_custodian(
      "objects",
      {{store_kind::sql_table,
        "object_bucket",
        data_about::nobody,
        "The names of buckets, and when they were made.",
        {},
        {},
        "until they are deleted",
        ""},
       {store_kind::sql_table,
        "object_grant",
        data_about::operators,
        "Which access key may use which bucket.",
        {"ids of access keys"},
        {},
        "until it is taken back, or the bucket deleted",
        "none: it is about access keys"},
       of_users(
           store_kind::sql_table, "object_entry",
           "Of each object its size and when it was written; and sealed, its name, headers, metadata and checksum."),
       of_users(store_kind::sql_table, "object_upload", "The same of objects that are being uploaded in parts."),
       of_users(store_kind::sql_table, "object_part",
                "Which blobs make up an object; and sealed, the key that opens each."),
       of_users(store_kind::blob_prefix, "objects/", "The bytes of objects, sealed.")});
}

}  // namespace eunomia::object
