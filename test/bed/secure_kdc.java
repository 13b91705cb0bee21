import java.io.File;
import org.apache.kerby.kerberos.kerb.server.KdcConfigKey;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;

/** A Kerberos KDC for tests: FOLDER REALM HOST PORT PASSWORD PRINCIPAL... All principals have the one password. */
class Kdc {
    public static void main(String[] args) throws Exception {
        SimpleKdcServer kdc = new SimpleKdcServer();
        kdc.setWorkDir(new File(args[0]));
        kdc.setKdcRealm(args[1]);
        kdc.setKdcHost(args[2]);
        kdc.setKdcTcpPort(Integer.parseInt(args[3]));
        kdc.setAllowUdp(false);
        kdc.getKdcConfig().setString(KdcConfigKey.ENCRYPTION_TYPES, "aes128-cts-hmac-sha1-96");
        kdc.init();
        for (int i = 5; i < args.length; i++) {
            kdc.createPrincipal(args[i], args[4]);
        }
        kdc.start();
        Thread.currentThread().join();
    }
}
