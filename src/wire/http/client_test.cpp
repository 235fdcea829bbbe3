#include "wire/http/client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

#include "wire/http/client_connection.h"
#include "wire/http/test_server.h"

// The client against the server, in the clear and by TLS.

namespace eunomia::wire::http::test {
namespace {

namespace fs = std::filesystem;

// A self-signed certificate for 127.0.0.1 and its key.
tls_files make_certificate(const fs::path& folder, const std::string& name) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509* const made = certificate.get();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), static_cast<long>(std::hash<std::string>()(name) & 0xFFFFFF));
  X509_gmtime_adj(X509_getm_notBefore(made), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made), 3600);
  X509_set_pubkey(made, key.get());
  X509_NAME* const subject = X509_get_subject_name(made);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(made, subject);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(made, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(made, key.get(), EVP_sha256());
  const tls_files files{folder / (name + ".crt"), folder / (name + ".key")};
  const std::unique_ptr<FILE, decltype(&std::fclose)> crt(std::fopen(files.certificate.c_str(), "w"), std::fclose);
  PEM_write_X509(crt.get(), made);
  const std::unique_ptr<FILE, decltype(&std::fclose)> pem(std::fopen(files.key.c_str(), "w"), std::fclose);
  PEM_write_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return files;
}

class client_test : public server_test {
 protected:
  client_test() {
    speaks.add(method::post, "/size", [](request& r) { return response{.body = std::to_string(r.body_bytes)}; },
               {body_policy::kind::file, 8 << 20});
    speaks.add(method::get, "/export", [this](request&) { return response{.file = folder.path() / "export"}; });
    speaks.add(method::get, "/secure", [](request& r) { return response{.body = r.secure ? "tls" : "clear"}; });
    speaks.add(
        method::get, "/me", [](request& r) { return response{.body = std::string(name_of(r.caller->as))}; }, {},
        execution::worker, access::roles(role::service));
  }
  std::unique_ptr<client> open(std::string token = "", fs::path authority = {}) {
    const std::string scheme = options.tls ? "https" : "http";
    return client::open({.url = scheme + "://127.0.0.1:" + std::to_string(running->port()),
                         .token = std::move(token),
                         .certificate_authority = std::move(authority)});
  }
};

TEST_F(client_test, one_connection_serves_many_requests) {
  start();
  const auto caller = open("service");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(caller->send(method::get, "/me").body, "service");
    EXPECT_EQ(caller->send(method::post, "/echo", "text").body, "text");
    EXPECT_EQ(caller->send(method::head, "/plain").status, 200U);
  }
  EXPECT_EQ(figure("eunomia_http_connections"), 1);
}

TEST_F(client_test, a_connection_that_the_server_closed_is_made_anew) {
  options.idle_timeout = std::chrono::milliseconds(20);
  start();
  const auto caller = open();
  EXPECT_EQ(caller->send(method::post, "/echo", "1").body, "1");
  eventually([&] { return figure("eunomia_http_connections") == 0; });
  EXPECT_EQ(caller->send(method::post, "/echo", "2").body, "2");
}

TEST_F(client_test, files_go_both_ways) {
  core::write_file(folder.path() / "export", std::string(3'000'000, 'e'));
  start();
  const auto caller = open();
  std::uint64_t sent = 0;
  const auto got = caller->send_file(method::post, "/size", folder.path() / "export", "application/octet-stream",
                                     [&](std::uint64_t bytes) { sent = bytes; });
  EXPECT_EQ(got.body, "3000000");
  EXPECT_EQ(sent, 3'000'000U);
  EXPECT_EQ(caller->receive_file("/export", folder.path() / "copy").status, 200U);
  EXPECT_EQ(core::read_file(folder.path() / "copy"), core::read_file(folder.path() / "export"));
  EXPECT_EQ(caller->receive_file("/echo", folder.path() / "told", R"({"a":1})").status, 200U);
  EXPECT_EQ(core::read_file(folder.path() / "told"), R"({"a":1})");
  EXPECT_EQ(caller->receive_file("/nowhere", folder.path() / "none").status, 404U);
  EXPECT_FALSE(fs::exists(folder.path() / "none"));
}

TEST_F(client_test, a_plain_request_has_the_headers_of_its_caller_and_a_piece_of_a_file) {
  core::write_file(folder.path() / "body", "0123456789");
  core::write_file(folder.path() / "export", "what is given back");
  start();
  const auto caller = open("engineer");
  plain_request asked;
  asked.verb = method::get;
  asked.target = "/me";
  asked.headers = {{"Host", caller->authority()}};
  EXPECT_EQ(caller->perform(asked, 1000).status, 401U) << "without the token";
  asked.headers.push_back({"Authorization", "Bearer service"});
  EXPECT_EQ(caller->perform(asked, 1000).body, "service");
  plain_request piece;
  piece.verb = method::post;
  piece.target = "/echo";
  piece.headers = {{"Host", caller->authority()}};
  piece.file = folder.path() / "body";
  piece.file_at = 3;
  piece.file_bytes = 4;
  EXPECT_EQ(caller->perform(piece, 1000).body, "3456");
  EXPECT_THROW(caller->perform(piece, 3), core::error) << "longer than it may be";
  plain_request into;
  into.target = "/export";
  into.headers = {{"Host", caller->authority()}};
  into.into = folder.path() / "copy";
  EXPECT_EQ(caller->perform(into, 1).status, 200U);
  EXPECT_EQ(core::read_file(folder.path() / "copy"), "what is given back");
  into.headers.push_back({"X-Split", "a\r\nX-Other: b"});
  EXPECT_THROW(caller->perform(into, 1), core::error);
}

TEST_F(client_test, an_upload_that_is_refused_half_way_tells_why) {
  core::write_file(folder.path() / "export", std::string(20'000'000, 'e'));
  start();
  const auto got =
      open()->send_file(method::post, "/size", folder.path() / "export", "application/octet-stream", nullptr);
  EXPECT_EQ(got.status, 413U);
}

TEST_F(client_test, without_a_server_it_says_so) {
  start();
  const auto caller = open();
  running->stop();
  try {
    caller->send(method::get, "/plain");
    FAIL() << "an answer";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::unavailable);
    EXPECT_NE(std::string(problem.what()).find("127.0.0.1"), std::string::npos);
  }
}

TEST_F(client_test, urls_and_targets_are_checked) {
  for (const char* bad : {"", "127.0.0.1", "ftp://h", "http://", "http://h:x", "http://h:", "http://h/path",
                          "http://u@h", "http://h h", "http://[::1"}) {
    EXPECT_THROW(address_of_url(bad), core::error) << bad;
  }
  EXPECT_EQ(address_of_url("https://[::1]:8443").host, "::1");
  EXPECT_EQ(address_of_url("https://example.org/").port, "443");
  start();
  EXPECT_THROW(open()->send(method::get, "/a b"), core::error);
  EXPECT_THROW(open()->send(method::get, "plain"), core::error);
  EXPECT_THROW(open("a\r\nb"), core::error);
}

TEST_F(client_test, tls_carries_small_and_large_answers) {
  options.tls = make_certificate(folder.path(), "first");
  core::write_file(folder.path() / "export", std::string(3'000'000, 'e'));
  start();
  const auto caller = open("", options.tls->certificate);
  EXPECT_EQ(caller->send(method::get, "/secure").body, "tls");
  EXPECT_EQ(caller->send(method::post, "/echo", std::string(90'000, 'x')).body, std::string(90'000, 'x'));
  EXPECT_EQ(caller->receive_file("/export", folder.path() / "copy").status, 200U);
  EXPECT_EQ(fs::file_size(folder.path() / "copy"), 3'000'000U);
  EXPECT_EQ(caller->send_file(method::post, "/size", folder.path() / "copy", "x/y", nullptr).body, "3000000");
}

TEST_F(client_test, a_certificate_of_another_authority_is_refused) {
  options.tls = make_certificate(folder.path(), "first");
  start();
  const tls_files other = make_certificate(folder.path(), "other");
  EXPECT_THROW(open("", other.certificate)->send(method::get, "/secure"), core::error);
}

TEST_F(client_test, a_certificate_is_reloaded_for_new_connections_and_a_bad_one_changes_nothing) {
  options.tls = make_certificate(folder.path(), "first");
  start();
  fs::copy_file(options.tls->certificate, folder.path() / "old.crt");
  const auto old = open("", folder.path() / "old.crt");
  EXPECT_EQ(old->send(method::get, "/secure").body, "tls");
  const tls_files next = make_certificate(folder.path(), "next");
  fs::copy_file(next.certificate, options.tls->certificate, fs::copy_options::overwrite_existing);
  EXPECT_THROW(running->reload_certificate(), core::error) << "the key is still the old one's";
  EXPECT_EQ(open("", folder.path() / "old.crt")->send(method::get, "/secure").body, "tls");
  fs::copy_file(next.key, options.tls->key, fs::copy_options::overwrite_existing);
  running->reload_certificate();
  EXPECT_EQ(open("", next.certificate)->send(method::get, "/secure").body, "tls");
  EXPECT_THROW(open("", folder.path() / "old.crt")->send(method::get, "/secure"), core::error);
  EXPECT_EQ(old->send(method::get, "/secure").body, "tls") << "connections that stand go on";
}

TEST_F(client_test, a_certificate_that_cannot_be_read_is_an_error_at_the_start) {
  options.tls = tls_files{folder.path() / "none.crt", folder.path() / "none.key"};
  EXPECT_THROW(start(), core::error);
}

TEST_F(client_test, no_tls_towards_a_tls_port_ends_that_connection_only) {
  options.tls = make_certificate(folder.path(), "first");
  start();
  EXPECT_EQ(ask(get("/plain")).status, 0U);
  EXPECT_EQ(open("", options.tls->certificate)->send(method::get, "/plain").body, "plain");
}

}  // namespace
}  // namespace eunomia::wire::http::test
