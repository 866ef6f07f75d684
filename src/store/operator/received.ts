import { wellFormedJson } from '../../core/text.ts'
import { alertKey } from '../../core/watch/alert.ts'
import type { ReceivedAlert } from '../../core/watch/received-alert.ts'
import type { OperatorDb } from './open.ts'

/** Alerts that are over are kept this long, because a delayed notification may still come. */
const keepMs = 7 * 24 * 3_600_000

/**
 * Stores a notification, all of it or nothing. Notifications are repeated, come from several senders, and overtake each
 * other: the alert that began later wins, and for the same beginning the one that has an end.
 */
export async function keepReceived(
  db: OperatorDb,
  cluster: string,
  alerts: readonly ReceivedAlert[],
  now: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const alert of alerts) {
      const row = {
        name: alert.name,
        labels: wellFormedJson(alert.labels),
        annotations: wellFormedJson(alert.annotations),
        status: alert.status,
        starts_at: alert.startsAt,
        generator_url: alert.generatorUrl,
        received_at: alert.receivedAt,
      }
      await tx
        .insertInto('received_alerts')
        .values({ cluster, key: alertKey('', alert), ...row })
        .onConflict((conflict) =>
          conflict
            .columns(['cluster', 'key'])
            .doUpdateSet(row)
            .where((eb) =>
              eb.or([
                eb('received_alerts.starts_at', '<', eb.ref('excluded.starts_at')),
                eb.and([
                  eb('received_alerts.starts_at', '=', eb.ref('excluded.starts_at')),
                  eb.or([
                    eb('received_alerts.status', '=', 'firing'),
                    eb('excluded.status', '=', 'resolved'),
                  ]),
                ]),
              ]),
            ),
        )
        .execute()
    }
    await tx
      .deleteFrom('received_alerts')
      .where('cluster', '=', cluster)
      .where('status', '=', 'resolved')
      .where('received_at', '<', now - keepMs)
      .execute()
  })
}

export async function receivedAlerts(db: OperatorDb, cluster: string): Promise<ReceivedAlert[]> {
  const rows = await db.selectFrom('received_alerts').selectAll().where('cluster', '=', cluster).execute()
  return rows.map((row) => ({
    name: row.name,
    labels: JSON.parse(row.labels),
    annotations: JSON.parse(row.annotations),
    status: row.status,
    startsAt: row.starts_at,
    generatorUrl: row.generator_url,
    receivedAt: row.received_at,
  }))
}
