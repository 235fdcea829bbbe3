#pragma once

#include <filesystem>
#include <memory>

#include "wire/http/server.h"

struct ssl_ctx_st;

namespace eunomia::wire::http {

using tls_context = std::shared_ptr<ssl_ctx_st>;

// TLS 1.2 and newer, ALPN http/1.1. Throws errc::invalid_argument naming the file that cannot be read, is no PEM, or
// holds a key that is not the certificate's.
tls_context make_server_context(const tls_files& files);

// Verifies the server against the authorities of a PEM file; empty: the system's. Throws errc::invalid_argument.
tls_context make_client_context(const std::filesystem::path& authorities);

}  // namespace eunomia::wire::http
