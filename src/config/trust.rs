//! Peers that are believed what they say about the clients they speak for.

use crate::reader::Reader;
use ipnet::IpNet;
use std::net::IpAddr;

/// Networks, by what is believed of them. Empty lists believe nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Peers whose connections begin with a PROXY header (version 1 or 2) that tells the client's address. A connection from
    /// there without the header is closed.
    pub proxy: Vec<IpNet>,
    /// Peers that may use XCLIENT.
    pub xclient: Vec<IpNet>,
}

impl Trust {
    /// Whether connections from this address begin with a PROXY header.
    pub fn is_proxy(&self, peer: IpAddr) -> bool {
        holds(&self.proxy, peer)
    }

    /// Whether this address may use XCLIENT.
    pub fn may_speak_for_others(&self, peer: IpAddr) -> bool {
        holds(&self.xclient, peer)
    }

    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let trust = Self { proxy: reader.networks("proxy"), xclient: reader.networks("xclient") };
        reader.finish();
        trust
    }
}

fn holds(networks: &[IpNet], peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    networks.iter().any(|network| network.contains(&peer))
}
