// eunomia buckets list, allow and disallow: which access keys may use which buckets of objects.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "object/on_record.h"
#include "wire/api/buckets.h"

namespace eunomia::app {

namespace {

struct permission_flags {
  std::string bucket;
  std::string access_key;
  bool write = false;
};

std::string path_of(const permission_flags& flags) {
  return "/api/v1/buckets/" + segment(flags.bucket) + "/access-keys/" + segment(flags.access_key);
}

void show(const wire::api::bucket_list& rows, environment& shared) {
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
    return;
  }
  text_table table({"bucket", "created", "access key", "may"});
  for (const auto& bucket : rows.buckets) {
    table.add({bucket.name, bucket.created_at, "administrators, engineers, privacy officers", "read, write"});
    for (const auto& key : bucket.access_keys) {
      table.add({bucket.name, bucket.created_at, key.access_key, key.write ? "read, write" : "read"});
    }
  }
  shared.print(table.str());
}

void list(environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    show(wire::api::list_buckets(data.objects()), shared);
  } else {
    show(core::read_json<wire::api::bucket_list>(remote(shared).get("/api/v1/buckets")), shared);
  }
}

void allow(const permission_flags& flags, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    if (!data.access_keys().find(flags.access_key)) {
      throw core::error(core::errc::not_found,
                        fmt::format("there is no access key {}, or it has expired or is revoked", flags.access_key));
    }
    object::allow_on_record(data.objects(), data.audit(), flags.bucket, flags.access_key, flags.write,
                            subject::actor::system());
    show(wire::api::list_buckets(data.objects()), shared);
  } else {
    const auto said = remote(shared).put(path_of(flags), core::write_json(wire::api::bucket_permission{flags.write}));
    show(core::read_json<wire::api::bucket_list>(said), shared);
  }
}

void disallow(const permission_flags& flags, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    object::disallow_on_record(data.objects(), data.audit(), flags.bucket, flags.access_key, subject::actor::system());
  } else {
    remote(shared).erase(path_of(flags));
  }
  if (!shared.json) {
    shared.print(fmt::format("{} may not use {} any more", flags.access_key, flags.bucket));
  }
}

}  // namespace

void add_buckets(CLI::App& eunomia, environment& shared) {
  CLI::App* buckets = eunomia.add_subcommand("buckets", "Which access keys may use which buckets of objects (S3)");
  buckets->require_subcommand(1);
  CLI::App* listing = buckets->add_subcommand("list", "All buckets, and who may use them");
  listing->callback([&shared] { shared.action = [&shared] { list(shared); }; });

  auto flags = std::make_shared<permission_flags>();
  const auto add = [&](const char* name, const char* what, void (*run)(const permission_flags&, environment&)) {
    CLI::App* made = buckets->add_subcommand(name, what);
    made->add_option("bucket", flags->bucket, "Its name")->required();
    made->add_option("access-key", flags->access_key, "EUNA…, of role service or annotator")->required();
    made->callback([flags, run, &shared] { shared.action = [flags, run, &shared] { run(*flags, shared); }; });
    return made;
  };
  add("allow", "An access key may read a bucket", allow)->add_flag("--write", flags->write, "and write it");
  add("disallow", "It may not any more", disallow);
}

}  // namespace eunomia::app
