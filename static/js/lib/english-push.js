// @ts-check
/** English words of reminders. @type {Record<string, string>} */
export const PUSH = {
  'Auf dem iPhone erinnert nur die App auf dem Startbildschirm.': 'On the iPhone only the app on the home screen reminds.',
  'Bitte Zollstock öffnen.': 'Please open Zollstock.',
  'Das ging gerade nicht. Bitte mit Netz noch einmal versuchen.': 'That did not work just now. Please try again with a network.',
  'Dieser Browser kann nicht erinnern. Die Zahl unten bei „Handy“ zeigt immer, was noch fehlt.': 'This browser cannot remind. The number at “Phone” below always shows what is missing.',
  'Eine Mitteilung, wenn etwas nach vier Stunden noch nicht gesendet ist. Nur von 6 bis 20 Uhr.': 'A notification when something has not been sent after four hours. Only from 6 am to 8 pm.',
  'Erinnern, wenn Fotos liegen bleiben': 'Remind when photos are left lying',
  'Mitteilungen sind im Browser für diese Seite abgeschaltet. Sie lassen sich in seinen Einstellungen wieder erlauben.': 'Notifications are switched off in the browser for this page. They can be allowed again in its settings.',
  'So geht es': 'How it works',
};
